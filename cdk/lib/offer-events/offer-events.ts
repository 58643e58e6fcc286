/** Offers as events: pipes from the offers table to a bus, to which consumers subscribe. */

import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { unlessEmulated } from '../emulator';
import { DETAIL_TYPES, SCHEMA, SOURCE } from './event-format';
import { ExampleConsumer } from './example-consumer';
import { OfferPipe } from './offer-pipe';

export class OfferEvents extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, offers: ITable) {
    super(scope, id);
    const { settings, names } = common;
    const bus = new EventBus(this, 'Bus', {
      eventBusName: names.bus,
      description: `Offers of ${names.stack}`,
    });
    // Two pipes, because no row contains the detail type. A stream of a table supports two readers,
    // so all other consumers subscribe to the bus.
    for (const detailType of DETAIL_TYPES) {
      new OfferPipe(this, detailType, common, { detailType, offers, bus });
    }
    unlessEmulated(settings, () => {
      bus.archive('Archive', {
        archiveName: names.bus,
        description: 'Replays offers to a consumer that missed them',
        eventPattern: { source: [SOURCE], account: [Stack.of(this).account] },
        retention: Duration.days(settings.offersArchiveDays),
      });
      this.publishSchema(names.bus);
    });
    if (settings.offersConsumer) new ExampleConsumer(this, 'Consumer', common, bus);
  }

  /** Publishes the schema of the events, from which consumers can generate code. */
  private publishSchema(registryName: string): void {
    const registry = new CfnRegistry(this, 'Registry', {
      registryName,
      description: "Schemas of Daymark's offer events",
    });
    const schema = new CfnSchema(this, 'Schema', {
      registryName,
      schemaName: `${SOURCE}@Offer`,
      description: 'docs/offer-event.schema.json',
      type: 'JSONSchemaDraft4',
      content: SCHEMA,
    });
    schema.addResourceDependency(registry);
  }
}
