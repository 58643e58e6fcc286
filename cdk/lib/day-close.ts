/** Close of day, which records the result of each item and updates its history. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
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
      description: 'Closes the ended days of stores, and closes them again after late events',
      // Between two slots of pricing, so that the load of both does not coincide.
      schedule: 'cron(7/15 * * * ? *)',
      memoryMegabytes: settings.dayCloseMemory,
      timeout: Duration.minutes(5),
      concurrency: settings.dayCloseConcurrency,
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
    const { worker } = this.fanOut;
    tables.allow(worker, 'catalog', ['GetItem', 'Query']);
    tables.allow(worker, 'stock', ['Query']);
    tables.allow(worker, 'offers', ['Query']);
    // A history is removed if another pass has closed its days again in the meantime.
    tables.allow(worker, 'days', ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query']);
  }
}
