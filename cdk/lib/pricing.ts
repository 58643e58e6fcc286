/** Offers of the afternoon: each store that is in its own, once a slot. */

import { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import { FanOut } from './fan-out';
import { metric, type MetricName } from './metrics';
import type { Tables } from './tables';

/** Outcomes of a decision that was made; the others say what held an item back. */
const DECIDED = ['published', 'deepened', 'shadow', 'kept', 'already_decided'];

export class Pricing extends Construct {
  readonly fanOut: FanOut;

  constructor(scope: Construct, id: string, common: CommonProps, tables: Tables) {
    super(scope, id);
    this.fanOut = new FanOut(this, 'FanOut', common, tables, {
      name: 'pricing',
      description: 'Prices the stores that are in their afternoon',
      // The pricing grid: `SLOT_MINUTES` in `domain/src/limits.rs`.
      schedule: 'cron(0/15 * * * ? *)',
      memoryMegabytes: common.settings.pricingMemory,
      // A store that failed is hidden six times as long: three attempts in a slot, the last one over.
      timeout: Duration.seconds(45),
      concurrency: common.settings.pricingConcurrency,
      // A slot's last events have arrived by then; what is read is cut off at the slot anyway.
      delay: Duration.seconds(20),
    });
    this.addAlarms(common);
    const { worker } = this.fanOut;
    tables.allow(worker, 'catalog', ['Query']);
    tables.allow(worker, 'stock', ['Query']);
    tables.allow(worker, 'days', ['BatchGetItem', 'Query']);
    tables.allow(worker, 'offers', ['PutItem', 'Query']);
  }

  private addAlarms({ settings, names, alarms }: CommonProps): void {
    const period = Duration.minutes(15);
    alarms.add({
      name: 'pricing-fails',
      metric: metric(names, 'daymark_pricing_failed_total', { statistic: 'Sum', period }),
      threshold: 0,
      periods: 2,
      description: 'Stores could not be priced, more than once within half an hour.',
      runbook: 'stores-are-not-priced',
    });
    alarms.add({
      name: 'pricing-late',
      metric: metric(names, 'daymark_pricing_late_total', { statistic: 'Sum', period }),
      threshold: 0,
      description: 'The slot of a store was over before its turn came.',
      runbook: 'stores-wait-too-long',
    });
    unlessEmulated(settings, () => {
      this.addDeadMen({ names, alarms });
    });
  }

  /**
   * What rings when nothing happens although shops are open: stores are due in their afternoon.
   *
   * Each sum begins with a nought for every hour in which stores were due, so that it is there
   * even if none of the series that it adds up was ever written.
   */
  private addDeadMen({ names, alarms }: Pick<CommonProps, 'names' | 'alarms'>): void {
    const period = Duration.hours(1);
    const hourly = (name: MetricName, of?: Record<string, string>) =>
      metric(names, name, { of, statistic: 'Sum', period });
    const due = hourly('daymark_pricing_due_total');
    alarms.add({
      name: 'no-events',
      metric: new MathExpression({
        label: 'hours with open shops and no event',
        expression: 'IF(due > 0 AND SUM([0 * due, stored]) == 0, 1, 0)',
        usingMetrics: { due, stored: hourly('daymark_ingest_events_total', { outcome: 'stored' }) },
        period,
      }),
      threshold: 0,
      description: 'Stores are in their afternoon, and for an hour no till has sent an event.',
      runbook: 'nothing-comes-in-although-shops-are-open',
    });
    alarms.add({
      name: 'no-decisions',
      metric: new MathExpression({
        label: 'hours with open shops and no decision',
        expression: `IF(due > 0 AND SUM([0 * due, ${DECIDED.join(', ')}]) == 0, 1, 0)`,
        usingMetrics: {
          due,
          ...Object.fromEntries(
            DECIDED.map((outcome) => [
              outcome,
              hourly('daymark_pricing_decisions_total', { outcome }),
            ]),
          ),
        },
        period,
      }),
      threshold: 0,
      periods: 2,
      description: 'Stores are in their afternoon, and for two hours no price was decided.',
      runbook: 'items-get-no-offers',
    });
  }
}
