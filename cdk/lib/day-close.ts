/** The close of day: what became of each item, and what that teaches. */

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
    this.fanOut = new FanOut(this, 'FanOut', common, tables, {
      name: 'day-close',
      description: 'Closes the days of stores that are over, and again after late events',
      // Between two slots of the pricing, so that both are not busy at once.
      schedule: 'cron(7/15 * * * ? *)',
      memoryMegabytes: common.settings.dayCloseMemory,
      timeout: Duration.minutes(5),
      concurrency: common.settings.dayCloseConcurrency,
    });
    common.alarms.add({
      name: 'day-close-fails',
      metric: metric(common.names, 'daymark_processor_close_failed_total', {
        statistic: 'Sum',
        period: Duration.minutes(15),
      }),
      threshold: 0,
      periods: 2,
      description: 'Days of stores could not be closed, more than once within half an hour.',
      runbook: 'stores-are-not-closed',
    });
    const { worker } = this.fanOut;
    tables.allow(worker, 'catalog', ['Query']);
    tables.allow(worker, 'stock', ['Query']);
    tables.allow(worker, 'offers', ['Query']);
    // A history is removed where another pass has closed the days that it was made of again.
    tables.allow(worker, 'days', ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query']);
  }
}
