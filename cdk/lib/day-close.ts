/** Rollup of windows, and close of day, which records the result of each item and its history. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { VARIABLES } from './daymark-function';
import { FanOut } from './fan-out';
import { metric } from './metrics';
import type { Tables } from './tables';

export class DayClose extends Construct {
  readonly fanOut: FanOut;

  constructor(scope: Construct, id: string, common: CommonProps, tables: Tables) {
    super(scope, id);
    const { settings, names, alarms } = common;
    this.fanOut = new FanOut(this, 'FanOut', common, tables, {
      name: 'day-close',
      description: 'Rolls up the windows of stores, and closes their days, again after late events',
      // Between two slots of pricing, so that the load of both does not coincide.
      schedule: 'cron(7/15 * * * ? *)',
      memoryMegabytes: settings.dayCloseMemory,
      timeout: Duration.minutes(5),
      concurrency: settings.dayCloseConcurrency,
      environment: { [VARIABLES.stockLogDays]: settings.stockLogDays },
    });
    alarms.add({
      name: 'day-close-fails',
      metric: metric(names, 'daymark_processor_close_failed_total', {
        period: Duration.minutes(15),
      }),
      threshold: 0,
      periods: 2,
      description: 'Days of stores could not be closed, more than once within half an hour.',
      runbook: 'stores-are-not-closed',
    });
    alarms.add({
      name: 'windows-old',
      // Not the maximum: the events of a till that was offline are in windows of hours ago.
      metric: metric(names, 'daymark_processor_windows_age_seconds', {
        statistic: 'p90',
        period: Duration.minutes(15),
      }),
      // Three slots. Only an open store is visited in each slot; the others, hourly or less often,
      // reach no four periods in succession.
      threshold: 2_700,
      periods: 4,
      description: 'Window rows have been more than 45 minutes behind the stock log for an hour.',
      runbook: 'windows-are-old',
    });
    const { sender, worker } = this.fanOut;
    // Stores with events and without an entry in the catalogue are due as well.
    tables.allow(sender, 'stock-log', ['Query']);
    tables.allow(worker, 'catalog', ['GetItem', 'Query']);
    // The worker writes the state of each date beside its segments.
    tables.allow(worker, 'stock-log', ['PutItem', 'Query']);
    // The rows of a date that is over are compared with the stored ones.
    tables.allow(worker, 'windows', ['PutItem', 'Query']);
    // An unmet correction leaves the quarantine when its event arrives.
    tables.allow(worker, 'quarantine', ['DeleteItem', 'PutItem']);
    tables.allow(worker, 'offers', ['Query']);
    // A history is removed if another pass has closed its days again in the meantime.
    tables.allow(worker, 'days', ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query']);
  }
}
