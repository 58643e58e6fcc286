/**
 * On schedule, each store once: a schedule wakes a function that puts the stores which are due into
 * a FIFO queue, and workers take them from there.
 *
 * A store is a message group, so its passes never overlap, and one that fails holds up no other.
 * Its slot is the deduplication id, so a tick that comes twice within five minutes sends it once;
 * one that comes later is served again, which changes no row.
 */

import { Duration, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { acknowledge } from './nag-acknowledgements';
import type { Tables } from './tables';

/** How often a store is tried before it is put aside. */
const RECEIVES_MAX = 3;
/** How long a store that failed is hidden, in timeouts: as AWS advises, so that Lambda can try within. */
const TIMEOUTS_HIDDEN = 6;
/** A tick that could not be delivered by then is for a slot that is all but over. */
const TICK_AGE_MAX = Duration.minutes(10);
/** How long what was put aside can be looked at: as long as SQS keeps anything. */
const KEPT = Duration.days(14);

export interface FanOutProps {
  readonly name: 'pricing' | 'day-close';
  readonly description: string;
  /** In EventBridge Scheduler's words, by UTC. */
  readonly schedule: string;
  readonly memoryMegabytes: number;
  /** Of one store. */
  readonly timeout: Duration;
  /** Stores at once. */
  readonly concurrency: number;
  /** How long a message waits before a worker may see it. */
  readonly delay?: Duration;
}

export class FanOut extends Construct {
  readonly worker: DaymarkFunction;
  readonly queue: Queue;
  /** Stores that were given up. */
  readonly failed: Queue;
  /** How long a store that failed waits for its next turn. */
  private readonly hidden: Duration;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    tables: Tables,
    private readonly props: FanOutProps,
  ) {
    super(scope, id);
    this.hidden = Duration.seconds(TIMEOUTS_HIDDEN * props.timeout.toSeconds());
    const environment = { [VARIABLES.tablePrefix]: common.names.prefix };
    this.worker = new DaymarkFunction(this, 'Worker', common, { ...props, environment });
    this.failed = this.fifo('Failed', `${props.name}-failed.fifo`, { retentionPeriod: KEPT });
    this.queue = this.fifo('Queue', `${props.name}.fifo`, {
      visibilityTimeout: this.hidden,
      deliveryDelay: props.delay,
      deadLetterQueue: { queue: this.failed, maxReceiveCount: RECEIVES_MAX },
    });
    const schedule = new DaymarkFunction(this, 'Schedule', common, {
      name: `${props.name}-schedule`,
      description: `Sends the stores that are due to ${this.common.names.of(props.name)}`,
      memoryMegabytes: 512,
      timeout: Duration.minutes(2),
      environment: { ...environment, [VARIABLES.queueUrl]: this.queue.queueUrl },
    });
    tables.allow(schedule, 'catalog', ['BatchGetItem', 'Query']);
    schedule.allow(['sqs:SendMessage'], [this.queue.queueArn]);
    this.feedWorker();
    this.wake(schedule);
    this.addAlarms(schedule);
  }

  private fifo(id: string, name: string, more: Partial<ConstructorParameters<typeof Queue>[2]>) {
    return new Queue(this, id, {
      queueName: this.common.names.of(name),
      fifo: true,
      contentBasedDeduplication: false,
      // High throughput: limits count for each store and not for the queue.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      // A message is a store's id and a time: SQS's own key will do, and costs nothing.
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      ...more,
    });
  }

  private feedWorker(): void {
    this.worker.allow(
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:GetQueueAttributes',
      ],
      [this.queue.queueArn],
    );
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.worker.alias,
      eventSourceArn: this.queue.queueArn,
      // With others in its batch a store would have less time, and be repeated for them.
      batchSize: 1,
      maxConcurrency: this.props.concurrency,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(this.worker.permissions);
  }

  /** Scheduler calls the function asynchronously: what either of them gives up lies in one queue. */
  private wake(schedule: DaymarkFunction): void {
    const { names } = this.common;
    const ticks = new Queue(this, 'Ticks', {
      queueName: names.of(`${this.props.name}-ticks-failed`),
      retentionPeriod: KEPT,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    acknowledge(ticks, { 'AwsSolutions-SQS3': 'It is a dead-letter queue itself.' });
    acknowledge(this.failed, { 'AwsSolutions-SQS3': 'It is a dead-letter queue itself.' });
    schedule.alias.configureAsyncInvoke({
      maxEventAge: TICK_AGE_MAX,
      retryAttempts: 2,
      onFailure: new SqsDestination(ticks),
    });
    const role = new Role(this, 'Waker', {
      description: `What the schedule of ${names.of(this.props.name)} may do`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Stack.of(this).account,
            // Of the group: Scheduler names no single schedule.
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'scheduler',
              resource: 'schedule-group',
              resourceName: 'default',
            }),
          },
        },
      }),
    });
    const permit = (action: string, resource: string) =>
      role.addToPolicy(
        new PolicyStatement({ effect: Effect.ALLOW, actions: [action], resources: [resource] }),
      );
    permit('lambda:InvokeFunction', schedule.alias.functionArn);
    permit('sqs:SendMessage', ticks.queueArn);
    const tick = new CfnSchedule(this, 'Tick', {
      name: names.of(this.props.name),
      description: this.props.description,
      scheduleExpression: this.props.schedule,
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: schedule.alias.functionArn,
        roleArn: role.roleArn,
        // When it was due and not when it came: that decides the slot.
        input: '{"due":"<aws.scheduler.scheduled-time>"}',
        retryPolicy: {
          maximumEventAgeInSeconds: TICK_AGE_MAX.toSeconds(),
          maximumRetryAttempts: 10,
        },
        deadLetterConfig: { arn: ticks.queueArn },
      },
    });
    tick.node.addDependency(role);
    this.common.alarms.add({
      name: `${this.props.name}-ticks-failed`,
      metric: ticks.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      threshold: 0,
      description: `A tick of ${this.props.name} was given up: stores were not sent for its slot.`,
      runbook: 'the-schedule-does-not-tick',
    });
  }

  private addAlarms(schedule: DaymarkFunction): void {
    const { alarms } = this.common;
    // It rings until the first tick of a new stage too: RUNBOOK.md says so.
    alarms.add({
      name: `${this.props.name}-silent`,
      metric: schedule.alias.metricInvocations({ period: Duration.minutes(30), statistic: 'Sum' }),
      threshold: 1,
      rings: 'below',
      periods: 2,
      description: `The schedule of ${this.props.name} has not ticked for an hour.`,
      runbook: 'the-schedule-does-not-tick',
    });
    const { name } = this.props;
    alarms.add({
      name: `${name}-failed`,
      metric: this.failed.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      threshold: 0,
      description: `A store was given up by ${name} after ${String(RECEIVES_MAX)} attempts.`,
      runbook: 'stores-were-put-aside',
    });
    // A message that is hidden grows older as well: until its last attempt it waits for no worker.
    const waitMax = Duration.seconds((RECEIVES_MAX - 1) * this.hidden.toSeconds() + 60);
    alarms.add({
      name: `${name}-waits`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }),
      threshold: waitMax.toSeconds(),
      description: `Stores wait for ${name} longer than ${String(waitMax.toMinutes())} minutes.`,
      runbook: 'stores-wait-too-long',
    });
  }
}
