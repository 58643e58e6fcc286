import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { resources, template, type Resource } from './template';

const QUEUE = 'AWS::SQS::Queue';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const SCHEDULE = 'AWS::Scheduler::Schedule';
const SLOT_SECONDS = 15 * 60;
/** Default delay of pricing, in which the last events of the previous slot arrive. */
const DELAY_SECONDS = 20;
/** Largest delay of pricing. */
const DELAY_MAX_SECONDS = 80;

function resourceNamed(type: string, name: string, key: string, values = {}): Resource {
  const all = Object.values(resources(template(values), type));
  const found = all.find(({ Properties }) => Properties[key] === name);
  assert.ok(found, `no ${type} is called ${name}`);
  return found;
}

for (const name of ['pricing', 'day-close']) {
  const queue = () => resourceNamed(QUEUE, `daymark-dev-${name}.fifo`, 'QueueName').Properties;

  test(`${name}: a store is a message group, and its slot is sent once`, () => {
    const { FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit } =
      queue();
    assert.deepEqual(
      [FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit],
      [true, false, 'messageGroup', 'perMessageGroupId'],
    );
  });

  test(`${name}: a store that fails three times moves to the dead-letter queue`, () => {
    const { deadLetterTargetArn, maxReceiveCount } = queue().RedrivePolicy as {
      deadLetterTargetArn: { 'Fn::GetAtt': [string, string] };
      maxReceiveCount: number;
    };
    assert.equal(maxReceiveCount, 3);
    const failed = resources(template(), QUEUE)[deadLetterTargetArn['Fn::GetAtt'][0]];
    assert.equal(failed?.Properties.FifoQueue, true);
    assert.equal(failed.Properties.MessageRetentionPeriod, 14 * 24 * 3600);
  });

  test(`${name}: a failed store is hidden for six timeouts of its function`, () => {
    const worker = resourceNamed('AWS::Lambda::Function', `daymark-dev-${name}`, 'FunctionName');
    assert.equal(queue().VisibilityTimeout, 6 * Number(worker.Properties.Timeout));
  });

  test(`${name}: a store that waits for its last attempt does not count as waiting for a worker`, () => {
    const { Threshold } = resourceNamed(
      'AWS::CloudWatch::Alarm',
      `daymark-dev-${name}-waits`,
      'AlarmName',
    ).Properties;
    assert.ok(Number(Threshold) > 2 * Number(queue().VisibilityTimeout) + DELAY_SECONDS);
  });

  test(`${name}: a tick contains the scheduled time, and expires within its slot`, () => {
    const { Target, FlexibleTimeWindow } = resourceNamed(SCHEDULE, `daymark-dev-${name}`, 'Name')
      .Properties as { Target: Record<string, unknown>; FlexibleTimeWindow: unknown };
    assert.equal(Target.Input, '{"due":"<aws.scheduler.scheduled-time>"}');
    assert.deepEqual(FlexibleTimeWindow, { Mode: 'OFF' });
    const { MaximumEventAgeInSeconds } = Target.RetryPolicy as Record<string, number>;
    assert.ok(Number(MaximumEventAgeInSeconds) < SLOT_SECONDS);
    assert.ok(Target.DeadLetterConfig);
  });

  test(`${name}: a tick that fails in Lambda is kept as well`, () => {
    template().hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: Match.objectLike({
        Ref: Match.stringLikeRegexp(name === 'pricing' ? '^Pricing' : '^DayClose'),
      }),
      MaximumEventAgeInSeconds: 600,
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
  });
}

test('pricing reads the last events of the previous slot, and tries three times within the slot', () => {
  for (const [values, delay] of [
    [{}, DELAY_SECONDS],
    [{ pricingDelaySeconds: DELAY_MAX_SECONDS }, DELAY_MAX_SECONDS],
  ] as const) {
    const { DelaySeconds, VisibilityTimeout } = resourceNamed(
      QUEUE,
      'daymark-dev-pricing.fifo',
      'QueueName',
      values,
    ).Properties as Record<string, number>;
    assert.equal(DelaySeconds, delay);
    // A message moves to the dead-letter queue instead of its fourth receive.
    assert.ok(delay + 3 * Number(VisibilityTimeout) < SLOT_SECONDS);
  }
  template().hasResourceProperties(SCHEDULE, {
    Name: 'daymark-dev-pricing',
    ScheduleExpression: 'cron(0/15 * * * ? *)',
    ScheduleExpressionTimezone: 'UTC',
  });
});

test('workers report failures of each store, and the settings limit their number', () => {
  const values = { pricingConcurrency: 200, dayCloseConcurrency: 50 };
  for (const [construct, concurrency] of [
    ['Pricing', 200],
    ['DayClose', 50],
  ] as const) {
    template(values).hasResourceProperties(MAPPING, {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${construct}FanOutQueue`), 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: concurrency },
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
  }
});

test('only schedules of this account may call a function', () => {
  const roles = Object.values(resources(template(), 'AWS::IAM::Role')).filter(({ Properties }) =>
    JSON.stringify(Properties).includes('"scheduler.amazonaws.com"'),
  );
  assert.equal(roles.length, 2);
  for (const { Properties } of roles) {
    const trusted = JSON.stringify(Properties.AssumeRolePolicyDocument);
    assert.match(trusted, /"aws:SourceAccount":\{"Ref":"AWS::AccountId"\}/);
    assert.match(trusted, /"aws:SourceArn":.*:schedule-group\/default"/);
  }
});

test('every queue refuses requests without TLS', () => {
  const queues = Object.keys(resources(template(), QUEUE));
  const policies = Object.values(resources(template(), 'AWS::SQS::QueuePolicy'));
  const protectedBy = policies
    .filter(({ Properties }) => JSON.stringify(Properties).includes('aws:SecureTransport'))
    .flatMap(({ Properties }) => Properties.Queues as { Ref: string }[])
    .map(({ Ref }) => Ref);
  assert.deepEqual(protectedBy.sort(), queues.sort());
});
