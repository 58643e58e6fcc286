/** Offers as events: from the offers table to a bus, and from there to whoever subscribes. */

import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { unlessEmulated } from '../emulator';
import { ExampleConsumer } from './example-consumer';
import { DETAIL_TYPES, SOURCE, schema } from './event-format';
import { OfferPipe } from './offer-pipe';

export class OfferEvents extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, common: CommonProps, offers: ITable) {
    super(scope, id);
    const { settings, names } = common;
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: names.bus,
      description: `Offers of ${names.stack}`,
    });
    // Two pipes, because the word that tells their events apart stands in no row; and two readers
    // are what a table's stream takes. Who else wants to know subscribes to the bus.
    for (const detailType of DETAIL_TYPES) {
      new OfferPipe(this, detailType, common, { detailType, offers, bus: this.bus });
    }
    unlessEmulated(settings, () => {
      this.bus.archive('Archive', {
        archiveName: names.bus,
        description: 'To replay offers to a consumer that missed them',
        eventPattern: { source: [SOURCE], account: [Stack.of(this).account] },
        retention: Duration.days(settings.offersArchiveDays),
      });
      this.publishSchema(names.bus);
    });
    if (settings.offersConsumer) new ExampleConsumer(this, 'Consumer', common, this.bus);
  }

  /** Where consumers look it up, and generate code from. */
  private publishSchema(registryName: string): void {
    const registry = new CfnRegistry(this, 'Registry', {
      registryName,
      description: 'What Daymark tells of offers',
    });
    const published = new CfnSchema(this, 'Schema', {
      registryName,
      schemaName: `${SOURCE}@Offer`,
      description: 'docs/offer-event.schema.json',
      type: 'JSONSchemaDraft4',
      content: schema(),
    });
    published.addResourceDependency(registry);
  }
}
