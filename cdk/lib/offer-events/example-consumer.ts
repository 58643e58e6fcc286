/** An example of who listens: a topic, and a queue that shelf labels or tills read from. */

import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { acknowledge } from '../nag-acknowledgements';
import { DETAIL_TYPES, SOURCE } from './event-format';

/** After so many receives a message goes aside. */
const RECEIVES_MAX = 5;
/** An offer is over by then. */
const KEPT = Duration.days(1);

export class ExampleConsumer extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, bus: EventBus) {
    super(scope, id);
    const { names, alarms, key } = common;
    const queue = (name: string, more = {}) =>
      new Queue(this, name, {
        queueName: names.of(`offers-${name.toLowerCase()}`),
        encryption: QueueEncryption.SQS_MANAGED,
        enforceSSL: true,
        retentionPeriod: KEPT,
        ...more,
      });
    const failed = queue('Undelivered', { retentionPeriod: Duration.days(14) });
    const labels = queue('Labels', {
      deadLetterQueue: { queue: failed, maxReceiveCount: RECEIVES_MAX },
    });

    const topic = new Topic(this, 'Topic', {
      topicName: names.of('offers'),
      displayName: `Offers of ${names.stack}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addSubscription(
      new SqsSubscription(labels, { rawMessageDelivery: true, deadLetterQueue: failed }),
    );
    new Rule(this, 'Rule', {
      ruleName: names.of('offers'),
      description: `Offers to the topic ${names.of('offers')}`,
      eventBus: bus,
      eventPattern: { source: [SOURCE], detailType: [...DETAIL_TYPES] },
      targets: [
        new SnsTopic(topic, { deadLetterQueue: failed, maxEventAge: KEPT, retryAttempts: 185 }),
      ],
    });
    acknowledge(failed, { 'AwsSolutions-SQS3': 'It is itself the queue for what failed.' });

    alarms.add({
      name: 'offers-undelivered',
      metric: failed.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      description: `Offers were on the bus ${names.bus}, and a subscriber did not take them.`,
      runbook: 'a-subscriber-does-not-take-offers',
    });
  }
}
