/**
 * Scheduled work for each store: a schedule calls a function that sends the stores that are due to
 * a FIFO queue, and a worker function receives them from the queue.
 *
 * The store is the message group, so passes over one store never overlap, and a failing store
 * delays no other. The deduplication id contains the slot, so a tick that is delivered twice within
 * five minutes sends a store once. A later repetition repeats the pass, which changes no row.
 */

import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { DeduplicationScope, FifoThroughputLimit, type Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { DeadLetterQueue, SecureQueue } from './queues';
import type { Tables } from './tables';

/** Attempts for a store before its message moves to the dead-letter queue. */
const RECEIVES_MAX = 3;
/** Visibility timeout in timeouts of the worker. Source: AWS Lambda, "Using Lambda with SQS". */
const TIMEOUTS_HIDDEN = 6;
/** Maximum age of a tick: less than a slot. */
const TICK_AGE_MAX = Duration.minutes(10);

/** High throughput: SQS limits the rate of each message group and not of the queue. */
const FIFO = {
  fifo: true,
  contentBasedDeduplication: false,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
};

export interface FanOutProps {
  readonly name: 'pricing' | 'day-close';
  readonly description: string;
  /** Schedule expression of EventBridge Scheduler, in UTC. */
  readonly schedule: string;
  readonly memoryMegabytes: number;
  /** Timeout for one store. */
  readonly timeout: Duration;
  /** Maximum number of stores that are processed at once. */
  readonly concurrency: number;
  /** Delay before a worker can receive a message. Default: none. */
  readonly delay?: Duration;
  /** Variables of the worker besides the prefix of the tables. */
  readonly environment?: Record<string, string>;
}

export class FanOut extends Construct {
  readonly worker: DaymarkFunction;
  /** Function of the schedule, which sends the stores that are due. */
  readonly sender: DaymarkFunction;
  readonly queue: Queue;
  /** Dead-letter queue of stores. */
  private readonly failed: Queue;
  /** Delay between two attempts for a store. */
  private readonly visibilityTimeout: Duration;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    tables: Tables,
    private readonly props: FanOutProps,
  ) {
    super(scope, id);
    const { names } = common;
    const { name, timeout } = props;
    this.visibilityTimeout = Duration.seconds(TIMEOUTS_HIDDEN * timeout.toSeconds());
    const environment = { [VARIABLES.tablePrefix]: names.prefix };
    this.worker = new DaymarkFunction(this, 'Worker', common, {
      ...props,
      environment: { ...environment, ...props.environment },
    });
    this.failed = new DeadLetterQueue(this, 'Failed', {
      queueName: names.of(`${name}-failed.fifo`),
      ...FIFO,
    });
    this.queue = new SecureQueue(this, 'Queue', {
      queueName: names.of(`${name}.fifo`),
      ...FIFO,
      visibilityTimeout: this.visibilityTimeout,
      deliveryDelay: props.delay,
      deadLetterQueue: { queue: this.failed, maxReceiveCount: RECEIVES_MAX },
    });
    this.sender = new DaymarkFunction(this, 'Schedule', common, {
      name: `${name}-schedule`,
      description: `Sends the stores that are due to ${names.of(name)}`,
      memoryMegabytes: 512,
      timeout: Duration.minutes(2),
      environment: { ...environment, [VARIABLES.queueUrl]: this.queue.queueUrl },
    });
    tables.allow(this.sender, 'catalog', ['BatchGetItem', 'Query']);
    this.sender.allow(['sqs:SendMessage'], [this.queue.queueArn]);
    this.addMapping();
    this.addSchedule(this.sender);
    this.addAlarms(this.sender);
  }

  /** Lets the worker receive the messages of the queue. */
  private addMapping(): void {
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
      // In a larger batch, stores would share the timeout and be repeated for each other.
      batchSize: 1,
      maxConcurrency: this.props.concurrency,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(this.worker.permissions);
  }

  /**
   * Calls a function on schedule. Scheduler calls it asynchronously, so a tick can fail in
   * Scheduler and in Lambda. Failed ticks of both are kept in one queue.
   */
  private addSchedule(sender: DaymarkFunction): void {
    const { names, alarms } = this.common;
    const { name, description, schedule } = this.props;
    const failedTicks = new DeadLetterQueue(this, 'Ticks', {
      queueName: names.of(`${name}-ticks-failed`),
    });
    sender.alias.configureAsyncInvoke({
      maxEventAge: TICK_AGE_MAX,
      retryAttempts: 2,
      onFailure: new SqsDestination(failedTicks),
    });
    const role = new Role(this, 'Waker', {
      description: `Permissions of the schedule ${names.of(name)}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Stack.of(this).account,
            // Scheduler sends the ARN of the schedule group, not of the schedule.
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'scheduler',
              resource: 'schedule-group',
              resourceName: 'default',
            }),
          },
        },
      }),
    });
    const allow = (action: string, resource: string) =>
      role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
    allow('lambda:InvokeFunction', sender.alias.functionArn);
    allow('sqs:SendMessage', failedTicks.queueArn);
    const tick = new CfnSchedule(this, 'Tick', {
      name: names.of(name),
      description,
      scheduleExpression: schedule,
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: sender.alias.functionArn,
        roleArn: role.roleArn,
        // The scheduled time, not the time of delivery, determines the slot.
        input: '{"due":"<aws.scheduler.scheduled-time>"}',
        retryPolicy: {
          maximumEventAgeInSeconds: TICK_AGE_MAX.toSeconds(),
          maximumRetryAttempts: 10,
        },
        deadLetterConfig: { arn: failedTicks.queueArn },
      },
    });
    tick.node.addDependency(role);
    alarms.add({
      name: `${name}-ticks-failed`,
      metric: failedTicks.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      threshold: 0,
      description: `A tick of ${name} failed, so no store was sent for its slot.`,
      runbook: 'the-schedule-does-not-tick',
    });
  }

  private addAlarms(sender: DaymarkFunction): void {
    const { alarms } = this.common;
    const { name } = this.props;
    // This alarm also fires before the first tick of a new stage, as RUNBOOK.md explains.
    alarms.add({
      name: `${name}-silent`,
      metric: sender.alias.metricInvocations({ period: Duration.minutes(30), statistic: 'Sum' }),
      threshold: 1,
      side: 'below',
      periods: 2,
      description: `The schedule of ${name} has not ticked for an hour.`,
      runbook: 'the-schedule-does-not-tick',
    });
    alarms.add({
      name: `${name}-failed`,
      metric: this.failed.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      threshold: 0,
      description: `The ${name} of a store failed ${RECEIVES_MAX} times and was abandoned.`,
      runbook: 'stores-were-put-aside',
    });
    // The age of a message includes the delays between its attempts, which are no wait for a worker.
    const waitMax = Duration.seconds((RECEIVES_MAX - 1) * this.visibilityTimeout.toSeconds() + 60);
    alarms.add({
      name: `${name}-waits`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }),
      threshold: waitMax.toSeconds(),
      description: `Stores wait for ${name} longer than ${waitMax.toMinutes()} minutes.`,
      runbook: 'stores-wait-too-long',
    });
  }
}
