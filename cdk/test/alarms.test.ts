import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { SETTINGS } from '../lib/settings/definitions';
import { template } from './template';

const ROOT = resolve(__dirname, '../../..');

interface Alarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmActions?: unknown[];
  readonly OKActions?: unknown[];
}

function alarms(settings = {}): Alarm[] {
  const found = template(settings).findResources('AWS::CloudWatch::Alarm');
  return Object.values(found).map(({ Properties }) => Properties as Alarm);
}

/** The headings of RUNBOOK.md as GitHub makes anchors of them. */
function anchors(): string[] {
  const text = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-'),
  );
}

/** Every name of a metric in the template, also in widgets and in arithmetic. */
function ownMetrics(): Set<string> {
  return new Set(JSON.stringify(template().toJSON()).match(/daymark_\w+/g));
}

function rustMetrics(): Set<string> {
  const files = readdirSync(ROOT)
    .map((room) => resolve(ROOT, room, 'src/metrics.rs'))
    .flatMap((file) => {
      try {
        return [readFileSync(file, 'utf8')];
      } catch {
        return [];
      }
    });
  assert.ok(files.length >= 3, 'ingest, processors and pricing each have a metrics.rs');
  return new Set(files.join('\n').match(/(?<=")daymark_\w+(?=")/g));
}

test('every alarm leads to a heading of the runbook that exists', () => {
  const known = anchors();
  for (const { AlarmName, AlarmDescription } of alarms()) {
    const anchor = /RUNBOOK\.md#([\w-]+)$/.exec(AlarmDescription)?.[1];
    assert.ok(anchor, `${AlarmName} leads nowhere: ${AlarmDescription}`);
    assert.ok(known.includes(anchor), `${AlarmName} leads to #${anchor}, which is no heading`);
  }
});

test('every alarm is named under the heading that it leads to', () => {
  const sections = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8').split(/^#+ /m);
  const headings = ['', ...anchors()];
  for (const { AlarmName, AlarmDescription } of alarms({ ingestReserved: 100 })) {
    const anchor = /#([\w-]+)$/.exec(AlarmDescription)?.[1] ?? '';
    const section = sections[headings.indexOf(anchor)] ?? '';
    const names = [...section.matchAll(/`(daymark-STAGE)?(-[\w-]+)`/g)].map(
      ([, stage, name = '']) =>
        // Where the stage is left out, the name is the end of another one.
        new RegExp(`${stage ? '^daymark-dev' : ''}${name.replace('FUNCTION', '[a-z-]+')}$`),
    );
    const isNamed = names.some((name) => name.test(AlarmName));
    assert.ok(isNamed, `${AlarmName} is not named under #${anchor}`);
  }
});

test('every heading on alarms names alarms that exist', () => {
  const text = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');
  const names = alarms().map(({ AlarmName }) => AlarmName.replace('daymark-dev-', ''));
  const [, section = ''] = text.split('## Alarms of a deployment');
  for (const part of section.split('\n### ').slice(1)) {
    const [heading = ''] = part.split('\n');
    const told = [...part.matchAll(/`(?:daymark-STAGE)?-([\w-]+)`/gi)].map(([, name = '']) =>
      name.replace('FUNCTION', 'ingest'),
    );
    assert.ok(
      told.some((name) => names.some((known) => known.endsWith(name))),
      `"${heading}" names no alarm`,
    );
  }
});

test('every alarm is told when it rings and when it ends', () => {
  for (const { AlarmName, AlarmActions, OKActions } of alarms()) {
    assert.equal(AlarmActions?.length, 1, AlarmName);
    assert.deepEqual(OKActions, AlarmActions, AlarmName);
  }
});

test('alarms are told encrypted to those who are named', () => {
  const told = template({ alarmEmails: ['ops@example.com'] });
  told.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
  told.hasResourceProperties('AWS::SNS::Topic', {
    TopicName: 'daymark-dev-alarms',
    KmsMasterKeyId: Match.anyValue(),
  });
});

test('cloudwatch may use the key of the topic or no alarm would be told', () => {
  const [key] = Object.values(template().findResources('AWS::KMS::Key'));
  const { KeyPolicy } = key?.Properties as {
    KeyPolicy: {
      Statement: { Action: unknown; Principal: { Service?: string | string[] } }[];
    };
  };
  const allowed = KeyPolicy.Statement.filter(({ Principal: { Service = [] } }) =>
    [Service].flat().includes('cloudwatch.amazonaws.com'),
  );
  assert.deepEqual(
    allowed.map(({ Action }) => Action),
    [['kms:Decrypt', 'kms:GenerateDataKey*']],
  );
});

interface Policy {
  readonly PolicyDocument: {
    Statement: {
      Effect: string;
      Action: unknown;
      Principal: { Service?: string };
      Condition?: unknown;
    }[];
  };
}

/** What other services may do to a topic or queue, by the words of its policy. */
function allowed(type: string, property: string, id: RegExp) {
  return Object.values(template().findResources(type))
    .filter(({ Properties }) => id.test(JSON.stringify((Properties as never)[property])))
    .flatMap(({ Properties }) => (Properties as Policy).PolicyDocument.Statement)
    .filter(({ Effect }) => Effect === 'Allow');
}

test('cloudwatch may publish the alarms of this account and nobody else may', () => {
  const [statement, ...more] = allowed('AWS::SNS::TopicPolicy', 'Topics', /"AlarmsTopic/);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [statement?.Principal, statement?.Action],
    [{ Service: 'cloudwatch.amazonaws.com' }, 'sns:Publish'],
  );
  assert.deepEqual(statement?.Condition, {
    StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
  });
});

test('services that deliver by a policy of the receiver are allowed by it', () => {
  const services = (...given: [string, string, RegExp]) =>
    allowed(...given).map(({ Principal }) => Principal.Service);
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

test('an alarm leads to the address where the runbook can be read', () => {
  const runbook = 'https://wiki.example.com/RUNBOOK.md';
  for (const { AlarmDescription } of alarms({ runbook })) {
    assert.match(AlarmDescription, /https:\/\/wiki\.example\.com\/RUNBOOK\.md#/);
  }
});

test('every metric of ours is one that the rust code writes', () => {
  const written = rustMetrics();
  const strangers = [...ownMetrics()].filter((name) => !written.has(name));
  assert.deepEqual(strangers, []);
});

test('every word by which a metric is counted apart is one of the rust code', () => {
  const rust = ['domain', 'ingest', 'processors', 'pricing']
    .map((room) => resolve(ROOT, room, 'src'))
    .flatMap((folder) => readdirSync(folder).map((name) => resolve(folder, name)))
    .filter((file) => file.endsWith('.rs'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const watched = JSON.stringify([
    template().findResources('AWS::CloudWatch::Alarm'),
    template().findResources('AWS::CloudWatch::Dashboard'),
  ]);
  const words = [...watched.matchAll(/\W(?:outcome|reason|figure)(?:\W+Value)?\W+(\w+)/g)].map(
    ([, word = '']) => word,
  );
  assert.ok(words.length > 20);
  assert.deepEqual(
    [...new Set(words)].filter((word) => !rust.includes(`"${word}"`)),
    [],
  );
});

test('silence of the schedules rings and other silence does not', () => {
  const silent = template().findResources('AWS::CloudWatch::Alarm', {
    Properties: { TreatMissingData: 'breaching' },
  });
  const names = Object.values(silent).map(({ Properties }) => (Properties as Alarm).AlarmName);
  assert.deepEqual(names.sort(), ['daymark-dev-day-close-silent', 'daymark-dev-pricing-silent']);
});

test('open shops without events or decisions ring by the stores own hours', () => {
  for (const name of ['no-events', 'no-decisions']) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `daymark-dev-${name}`,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: Match.stringLikeRegexp('^IF\\(due > 0 AND ') }),
      ]),
    });
  }
});

test('what a mapping does is looked at of the whole function', () => {
  for (const MetricName of ['IteratorAge', 'DestinationDeliveryFailures']) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName,
      Namespace: 'AWS/Lambda',
      Dimensions: [{ Name: 'FunctionName', Value: Match.anyValue() }],
    });
  }
});

test('a stock processor that gets nothing although events come rings by itself', () => {
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
  // A batch that waits for its window to end is not silence.
  assert.equal(SETTINGS.batchWindowSeconds.read(900), undefined);
});

test('a chain that only tries out decides as well', () => {
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

test('whatever is put aside rings', () => {
  const queues = template().findResources('AWS::SQS::Queue');
  const aside = Object.keys(queues).filter((id) => /Failed|Ticks|Undelivered/.test(id));
  assert.equal(aside.length, 7);
  for (const id of aside) {
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [id, 'QueueName'] } }],
      Threshold: 0,
    });
  }
});

test('the dashboard shows business freshness correctness and capacity', () => {
  const [dashboard] = Object.values(template().findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard);
  for (const section of ['Business', 'Freshness', 'Correctness', 'Capacity']) {
    assert.ok(body.includes(`## ${section}`), section);
  }
});

test('every alarm is on the dashboard', () => {
  const ids = Object.keys(template().findResources('AWS::CloudWatch::Alarm'));
  const [dashboard] = Object.values(template().findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard);
  assert.deepEqual(
    ids.filter((id) => !body.includes(`"${id}"`)),
    [],
  );
});

test('a counter of the runbook is one of the functions or said to be of one machine', () => {
  const text = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');
  const written = rustMetrics();
  for (const line of text.split('\n')) {
    const strangers = (line.match(/daymark_[a-z_]+/g) ?? []).filter((name) => !written.has(name));
    assert.ok(strangers.length === 0 || /on one machine/i.test(line), line);
  }
});

test('an output of the stack that a document asks for is there', () => {
  const known = Object.keys(
    template({
      domainName: 'a.example.com',
      certificateArn: SETTINGS.certificateArn.example,
    }).toJSON().Outputs as object,
  );
  const outputs =
    /`((?:[A-Z][a-z]+){1,3}(?:Url|Ids?|Bucket|Prefix|Name|Target))`|OutputKey=='(\w+)'/g;
  for (const file of ['RUNBOOK.md', 'docs/deploy.md', 'docs/release.md']) {
    const text = readFileSync(resolve(ROOT, file), 'utf8');
    const asked = [...text.matchAll(outputs)].map(([, told, queried]) => told ?? queried ?? '');
    for (const name of asked) assert.ok(known.includes(name), `${file} asks for ${name}`);
  }
});

test('every function keeps its logs for a while and is traced', () => {
  template().allResourcesProperties('AWS::Lambda::Function', {
    TracingConfig: { Mode: 'Active' },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: Match.anyValue() },
  });
  template().allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('an emulator gets no alarm with arithmetic and no saved query', () => {
  const emulated = template({ emulated: true });
  const arithmetic = emulated.findResources('AWS::CloudWatch::Alarm', {
    Properties: { Metrics: Match.anyValue() },
  });
  assert.deepEqual(Object.keys(arithmetic), []);
  emulated.resourceCountIs('AWS::Logs::QueryDefinition', 0);
});
