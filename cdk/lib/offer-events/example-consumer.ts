/** Example of a consumer: a topic, and a queue for shelf labels or tills. */

import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { DeadLetterQueue, SecureQueue } from '../queues';
import { DETAIL_TYPES, SOURCE } from './event-format';

/** Receives of a message before it moves to the dead-letter queue. */
const RECEIVES_MAX = 5;
/** Retention of offers, which end on the same day. */
const RETENTION = Duration.days(1);

export class ExampleConsumer extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, bus: EventBus) {
    super(scope, id);
    const { names, alarms, key } = common;
    const failed = new DeadLetterQueue(this, 'Undelivered', {
      queueName: names.of('offers-undelivered'),
    });
    const labels = new SecureQueue(this, 'Labels', {
      queueName: names.of('offers-labels'),
      retentionPeriod: RETENTION,
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
        new SnsTopic(topic, {
          deadLetterQueue: failed,
          maxEventAge: RETENTION,
          retryAttempts: 185,
        }),
      ],
    });

    alarms.add({
      name: 'offers-undelivered',
      metric: failed.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      description: `A subscriber did not receive offers from the bus ${names.bus}.`,
      runbook: 'a-subscriber-does-not-take-offers',
    });
  }
}
