/** Offers of the afternoon: each store that is in its own, once a slot. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { FanOut } from './fan-out';
import type { Tables } from './tables';

export class Pricing extends Construct {
  readonly fanOut: FanOut;

  constructor(scope: Construct, id: string, deployment: Deployment, tables: Tables) {
    super(scope, id);
    this.fanOut = new FanOut(this, 'FanOut', deployment, tables, {
      name: 'pricing',
      description: 'Prices the stores that are in their afternoon',
      // The pricing grid: `SLOT_MINUTES` in `domain/src/limits.rs`.
      schedule: 'cron(0/15 * * * ? *)',
      memoryMegabytes: deployment.settings.pricingMemory,
      // Six times this, the time a failed batch is hidden, stays below a slot.
      timeout: Duration.minutes(2),
      storesPerBatch: 5,
      concurrency: deployment.settings.pricingConcurrency,
      // A slot's last events have arrived by then; what is read is cut off at the slot anyway.
      delay: Duration.seconds(20),
      waitMax: Duration.minutes(5),
      runbook: 'stores-are-not-priced',
    });
    const { worker } = this.fanOut;
    tables.allow(worker, 'catalog', ['Query']);
    tables.allow(worker, 'stock', ['Query']);
    tables.allow(worker, 'days', ['BatchGetItem', 'Query']);
    tables.allow(worker, 'offers', ['PutItem', 'Query']);
  }
}
