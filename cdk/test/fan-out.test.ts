import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { resources, template, type Resource } from './template';

const QUEUE = 'AWS::SQS::Queue';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const SCHEDULE = 'AWS::Scheduler::Schedule';
const SLOT_SECONDS = 15 * 60;
/** Of the pricing, so that it has the last events of the slot before. */
const DELAY_SECONDS = 20;

function named(type: string, name: string, key: string): Resource {
  const all = Object.values(resources(template(), type));
  const found = all.find(({ Properties }) => Properties[key] === name);
  assert.ok(found, `no ${type} is called ${name}`);
  return found;
}

for (const station of ['pricing', 'day-close']) {
  const queue = () => named(QUEUE, `daymark-dev-${station}.fifo`, 'QueueName').Properties;

  test(`${station}: a store is a group of its own, and its slot is told once`, () => {
    const { FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit } =
      queue();
    assert.deepEqual(
      [FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit],
      [true, false, 'messageGroup', 'perMessageGroupId'],
    );
  });

  test(`${station}: a store that fails three times is put aside and kept`, () => {
    const { deadLetterTargetArn, maxReceiveCount } = queue().RedrivePolicy as {
      deadLetterTargetArn: { 'Fn::GetAtt': [string, string] };
      maxReceiveCount: number;
    };
    assert.equal(maxReceiveCount, 3);
    const failed = resources(template(), QUEUE)[deadLetterTargetArn['Fn::GetAtt'][0]];
    assert.equal(failed?.Properties.FifoQueue, true);
    assert.equal(failed.Properties.MessageRetentionPeriod, 14 * 24 * 3600);
  });

  test(`${station}: a batch is hidden six times as long as its function may take`, () => {
    const worker = named('AWS::Lambda::Function', `daymark-dev-${station}`, 'FunctionName');
    assert.equal(queue().VisibilityTimeout, 6 * Number(worker.Properties.Timeout));
  });

  test(`${station}: a store that waits for its last attempt is not one that no worker takes`, () => {
    const { Threshold } = named(
      'AWS::CloudWatch::Alarm',
      `daymark-dev-${station}-waits`,
      'AlarmName',
    ).Properties;
    assert.ok(Number(Threshold) > 2 * Number(queue().VisibilityTimeout) + DELAY_SECONDS);
  });

  test(`${station}: a tick says when it was due, and is given up within its slot`, () => {
    const { Target, FlexibleTimeWindow } = named(SCHEDULE, `daymark-dev-${station}`, 'Name')
      .Properties as { Target: Record<string, unknown>; FlexibleTimeWindow: unknown };
    assert.equal(Target.Input, '{"due":"<aws.scheduler.scheduled-time>"}');
    assert.deepEqual(FlexibleTimeWindow, { Mode: 'OFF' });
    const { MaximumEventAgeInSeconds } = Target.RetryPolicy as Record<string, number>;
    assert.ok(Number(MaximumEventAgeInSeconds) < SLOT_SECONDS);
    assert.ok(Target.DeadLetterConfig);
  });

  test(`${station}: a schedule that fails inside Lambda is put aside as well`, () => {
    template().hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: Match.objectLike({
        Ref: Match.stringLikeRegexp(station === 'pricing' ? '^Pricing' : '^DayClose'),
      }),
      MaximumEventAgeInSeconds: 600,
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
  });
}

test('pricing has the last events of the slot before, and tries three times within the slot', () => {
  const { DelaySeconds, VisibilityTimeout } = named(QUEUE, 'daymark-dev-pricing.fifo', 'QueueName')
    .Properties as Record<string, number>;
  assert.equal(DelaySeconds, DELAY_SECONDS);
  // The message is put aside when it would be seen for the fourth time.
  assert.ok(DELAY_SECONDS + 3 * Number(VisibilityTimeout) < SLOT_SECONDS);
  template().hasResourceProperties(SCHEDULE, {
    Name: 'daymark-dev-pricing',
    ScheduleExpression: 'cron(0/15 * * * ? *)',
    ScheduleExpressionTimezone: 'UTC',
  });
});

test('workers answer for each store, and as many work at once as the settings say', () => {
  const values = { pricingConcurrency: 200, dayCloseConcurrency: 50 };
  for (const [station, concurrency] of [
    ['Pricing', 200],
    ['DayClose', 50],
  ] as const) {
    template(values).hasResourceProperties(MAPPING, {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${station}FanOutQueue`), 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: concurrency },
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
  }
});

test('only schedules of this account wake anything', () => {
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

test('every queue turns away who comes without TLS', () => {
  const queues = Object.keys(resources(template(), QUEUE));
  const policies = Object.values(resources(template(), 'AWS::SQS::QueuePolicy'));
  const protectedBy = policies
    .filter(({ Properties }) => JSON.stringify(Properties).includes('aws:SecureTransport'))
    .flatMap(({ Properties }) => Properties.Queues as { Ref: string }[])
    .map(({ Ref }) => Ref);
  assert.deepEqual(protectedBy.sort(), queues.sort());
});
