import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { SETTINGS } from '../lib/settings/definitions';
import { alarms, resources, ROOT, template } from './template';

const RUNBOOK = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');

/** Anchors that GitHub makes of the headings in RUNBOOK.md. */
const ANCHORS = [...RUNBOOK.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replace(/ /g, '-'),
);

test('every alarm refers to a heading that exists in the runbook', () => {
  for (const { AlarmName, AlarmDescription } of Object.values(alarms())) {
    const anchor = /RUNBOOK\.md#([\w-]+)$/.exec(AlarmDescription)?.[1];
    assert.ok(anchor, `${AlarmName} refers to no heading: ${AlarmDescription}`);
    assert.ok(ANCHORS.includes(anchor), `${AlarmName} refers to #${anchor}, which does not exist`);
  }
});

test('every alarm is named under the heading that it refers to', () => {
  const sections = RUNBOOK.split(/^#+ /m).slice(1);
  for (const { AlarmName, AlarmDescription } of Object.values(alarms({ ingestReserved: 100 }))) {
    const anchor = /#([\w-]+)$/.exec(AlarmDescription)?.[1] ?? '';
    const section = sections[ANCHORS.indexOf(anchor)] ?? '';
    const names = [...section.matchAll(/`(daymark-STAGE)?(-[\w-]+)`/g)].map(
      ([, stage, name = '']) =>
        // A name without the stage is the end of an alarm's name.
        new RegExp(`${stage ? '^daymark-dev' : ''}${name.replace('FUNCTION', '[a-z-]+')}$`),
    );
    const isNamed = names.some((name) => name.test(AlarmName));
    assert.ok(isNamed, `${AlarmName} is not named under #${anchor}`);
  }
});

test('every heading on alarms names alarms that exist', () => {
  const known = Object.values(alarms()).map(({ AlarmName }) => AlarmName);
  const [, text = ''] = RUNBOOK.split('## Alarms of a deployment');
  for (const section of text.split('\n### ').slice(1)) {
    const [heading = ''] = section.split('\n');
    const names = [...section.matchAll(/`(?:daymark-STAGE)?-([\w-]+)`/gi)].map(([, name = '']) =>
      name.replace('FUNCTION', 'ingest'),
    );
    assert.ok(
      names.some((name) => known.some((alarm) => alarm.endsWith(name))),
      `"${heading}" names no alarm`,
    );
  }
});

test('every alarm notifies the topic when it begins and when it ends', () => {
  for (const { AlarmName, AlarmActions, OKActions } of Object.values(alarms())) {
    assert.equal(AlarmActions?.length, 1, AlarmName);
    assert.deepEqual(OKActions, AlarmActions, AlarmName);
  }
});

test('alarms are sent encrypted to the addresses of the settings', () => {
  const notified = template({ alarmEmails: ['ops@example.com'] });
  notified.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
  notified.hasResourceProperties('AWS::SNS::Topic', {
    TopicName: 'daymark-dev-alarms',
    KmsMasterKeyId: Match.anyValue(),
  });
});

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Principal: { readonly Service?: string | string[] };
  readonly Condition?: unknown;
}

test('CloudWatch may use the key of the topic, or no alarm would be sent', () => {
  const [key] = Object.values(resources(template(), 'AWS::KMS::Key'));
  const { Statement } = key?.Properties.KeyPolicy as { Statement: Statement[] };
  const allowed = Statement.filter(({ Principal: { Service = [] } }) =>
    [Service].flat().includes('cloudwatch.amazonaws.com'),
  );
  assert.deepEqual(
    allowed.map(({ Action }) => Action),
    [['kms:Decrypt', 'kms:GenerateDataKey*']],
  );
});

/** Returns the statements by which the policies of a topic or a queue allow actions. */
function allowedBy(type: string, property: string, id: RegExp): Statement[] {
  return Object.values(resources(template(), type))
    .filter(({ Properties }) => id.test(JSON.stringify(Properties[property])))
    .flatMap(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
    )
    .filter(({ Effect }) => Effect === 'Allow');
}

test('only CloudWatch may publish alarms, and only those of this account', () => {
  const [statement, ...more] = allowedBy('AWS::SNS::TopicPolicy', 'Topics', /"AlarmsTopic/);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [statement?.Principal, statement?.Action],
    [{ Service: 'cloudwatch.amazonaws.com' }, 'sns:Publish'],
  );
  assert.deepEqual(statement?.Condition, {
    StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
  });
});

test('topics and queues allow the services that deliver to them', () => {
  const services = (...which: [string, string, RegExp]) =>
    allowedBy(...which).map(({ Principal }) => Principal.Service);
  assert.deepEqual(services('AWS::SNS::TopicPolicy', 'Topics', /"OffersOutConsumerTopic/), [
    'events.amazonaws.com',
  ]);
  const queue = (id: RegExp) => services('AWS::SQS::QueuePolicy', 'Queues', id).sort();
  assert.deepEqual(queue(/"OffersOutConsumerLabels/), ['sns.amazonaws.com']);
  assert.deepEqual(queue(/"OffersOutConsumerUndelivered/), [
    'events.amazonaws.com',
    'sns.amazonaws.com',
  ]);
});

test('an alarm contains the address of the runbook', () => {
  const runbook = 'https://wiki.example.com/RUNBOOK.md';
  for (const { AlarmDescription } of Object.values(alarms({ runbook }))) {
    assert.match(AlarmDescription, /https:\/\/wiki\.example\.com\/RUNBOOK\.md#/);
  }
});

test('missing data is an alarm for the schedules only', () => {
  const silent = template().findResources('AWS::CloudWatch::Alarm', {
    Properties: { TreatMissingData: 'breaching' },
  });
  const names = Object.keys(silent).map((id) => alarms()[id]?.AlarmName);
  assert.deepEqual(names.sort(), ['daymark-dev-day-close-silent', 'daymark-dev-pricing-silent']);
});

test('open stores without events or decisions are an alarm, by the hours of the stores', () => {
  for (const name of ['no-events', 'no-decisions']) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `daymark-dev-${name}`,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: Match.stringLikeRegexp('^IF\\(due > 0 AND ') }),
      ]),
    });
  }
});

test('alarms on the event source mapping use metrics of the whole function', () => {
  for (const MetricName of ['IteratorAge', 'DestinationDeliveryFailures']) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName,
      Namespace: 'AWS/Lambda',
      Dimensions: [{ Name: 'FunctionName', Value: Match.anyValue() }],
    });
  }
});

test('a stock processor that receives none of the stored events is an alarm', () => {
  template().hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'daymark-dev-stock-processor-silent',
    Metrics: Match.arrayWith([
      Match.objectLike({ Expression: 'IF(stored > 0 AND SUM([0 * stored, invoked]) == 0, 1, 0)' }),
      Match.objectLike({
        MetricStat: Match.objectLike({
          Metric: Match.objectLike({ MetricName: 'InvokedEventCount' }),
          Period: 900,
        }),
      }),
    ]),
  });
  // A batch that waits for the end of its window is no alarm: every window is shorter than a period.
  assert.ok(!SETTINGS.batchWindowSeconds.schema.safeParse(900).success);
});

test('windows that stay behind the stock log are an alarm, and a single late event is none', () => {
  template().hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'daymark-dev-windows-old',
    MetricName: 'daymark_processor_windows_age_seconds',
    Dimensions: [{ Name: 'function', Value: 'daymark-dev-day-close' }],
    ExtendedStatistic: 'p90',
    Threshold: 45 * 60,
    Period: 15 * 60,
    EvaluationPeriods: 4,
  });
});

test('the alarm of the quarantine counts each reason where it is detected', () => {
  const ofReason = (reason: string, name: string) =>
    Match.objectLike({
      MetricStat: Match.objectLike({
        Metric: Match.objectLike({
          Dimensions: [
            { Name: 'function', Value: `daymark-dev-${name}` },
            { Name: 'reason', Value: reason },
          ],
        }),
      }),
    });
  for (const [reason, name] of [
    ['unopenable', 'stock-processor'],
    ['invalid_event', 'stock-processor'],
    ['conflicting_duplicate', 'day-close'],
  ] as const) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'daymark-dev-quarantine',
      Metrics: Match.arrayWith([ofReason(reason, name)]),
    });
  }
});

test('decisions in shadow mode count as decisions', () => {
  const rust = readFileSync(resolve(ROOT, 'pricing/src/pass.rs'), 'utf8');
  const [, outcomes = ''] = /let outcomes = \[(.*?)\];/s.exec(rust) ?? [];
  const decided = [...outcomes.matchAll(/"(\w+)"/g)].map(([, outcome = '']) => outcome);
  assert.ok(decided.includes('shadow'));
  template().hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmName: 'daymark-dev-no-decisions',
    Metrics: Match.arrayWith([
      Match.objectLike({
        Expression: `IF(due > 0 AND SUM([0 * due, ${decided.join(', ')}]) == 0, 1, 0)`,
      }),
    ]),
  });
});

test('a message in a dead-letter queue is an alarm', () => {
  const queues = Object.keys(resources(template(), 'AWS::SQS::Queue'));
  const deadLetterQueues = queues.filter((id) => /Failed|Ticks|Undelivered/.test(id));
  assert.equal(deadLetterQueues.length, 7);
  for (const id of deadLetterQueues) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [id, 'QueueName'] } }],
      Threshold: 0,
    });
  }
});

test('an emulated deployment has no alarm with metric math', () => {
  const withMath = template({ emulated: true }).findResources('AWS::CloudWatch::Alarm', {
    Properties: { Metrics: Match.anyValue() },
  });
  assert.deepEqual(Object.keys(withMath), []);
});
