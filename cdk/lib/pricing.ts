/** Pricing of each store, once a slot, while the store is in its afternoon. */

import { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { VARIABLES } from './daymark-function';
import { unlessEmulated } from './emulator';
import { FanOut } from './fan-out';
import { metric, type MetricName } from './metrics';
import { PRICING_TIMEOUT_SECONDS } from './slot';
import type { Tables } from './tables';

/** Outcomes of decisions. The other outcomes are reasons for skipping an item. */
const DECIDED = ['published', 'deepened', 'shadow', 'kept', 'already_decided'];

export class Pricing extends Construct {
  readonly fanOut: FanOut;

  constructor(scope: Construct, id: string, common: CommonProps, tables: Tables) {
    super(scope, id);
    this.fanOut = new FanOut(this, 'FanOut', common, tables, {
      name: 'pricing',
      description: 'Prices the stores that are in their afternoon',
      // A slot: `SLOT_MINUTES` in `domain/src/limits.rs`.
      schedule: 'cron(0/15 * * * ? *)',
      memoryMegabytes: common.settings.pricingMemory,
      timeout: Duration.seconds(PRICING_TIMEOUT_SECONDS),
      concurrency: common.settings.pricingConcurrency,
      // Time for the last events of the previous slot to arrive. Later events are not read.
      delay: Duration.seconds(common.settings.pricingDelaySeconds),
      environment: { [VARIABLES.stockLogDays]: common.settings.stockLogDays },
    });
    this.addAlarms(common);
    const { worker } = this.fanOut;
    tables.allow(worker, 'catalog', ['GetItem', 'Query']);
    tables.allow(worker, 'stock-log', ['Query']);
    tables.allow(worker, 'days', ['BatchGetItem', 'Query']);
    tables.allow(worker, 'offers', ['PutItem', 'Query']);
  }

  private addAlarms({ settings, names, alarms }: CommonProps): void {
    const period = Duration.minutes(15);
    alarms.add({
      name: 'pricing-fails',
      metric: metric(names, 'daymark_pricing_failed_total', { period }),
      threshold: 0,
      periods: 2,
      description: 'Stores could not be priced, more than once within half an hour.',
      runbook: 'stores-are-not-priced',
    });
    alarms.add({
      name: 'pricing-late',
      metric: metric(names, 'daymark_pricing_late_total', { period }),
      threshold: 0,
      description: 'The slot of a store ended before the store was priced.',
      runbook: 'stores-wait-too-long',
    });
    unlessEmulated(settings, () => {
      this.addInactivityAlarms({ names, alarms });
    });
  }

  /**
   * Adds alarms for open stores, which are due in their afternoon, without events or decisions.
   *
   * Each sum contains `0 * due`, so that it has a value even if the other series have none.
   */
  private addInactivityAlarms({ names, alarms }: Pick<CommonProps, 'names' | 'alarms'>): void {
    const period = Duration.hours(1);
    const hourly = (name: MetricName, of?: Record<string, string>) =>
      metric(names, name, { of, period });
    const due = hourly('daymark_pricing_due_total');
    alarms.add({
      name: 'no-events',
      metric: new MathExpression({
        label: 'hours with open stores and no event',
        expression: 'IF(due > 0 AND SUM([0 * due, stored]) == 0, 1, 0)',
        usingMetrics: { due, stored: hourly('daymark_ingest_events_total', { outcome: 'stored' }) },
        period,
      }),
      threshold: 0,
      description: 'Stores are in their afternoon, but no till has sent an event for an hour.',
      runbook: 'nothing-comes-in-although-shops-are-open',
    });
    alarms.add({
      name: 'no-decisions',
      metric: new MathExpression({
        label: 'hours with open stores and no decision',
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
      description: 'Stores are in their afternoon, but no price was decided for two hours.',
      runbook: 'items-get-no-offers',
    });
  }
}
