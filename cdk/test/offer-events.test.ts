import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import {
  DETAIL_TYPES,
  FIELDS,
  filterPattern,
  inputTemplate,
  SCHEMA,
} from '../lib/offer-events/event-format';
import { template } from './template';

type Row = Record<string, Record<string, unknown>>;

/** Row of the offers table as its stream contains it. */
const ROW: Row = {
  pk: { S: '0042#2026-11-23' },
  sk: { S: 'BRT-1180#000001' },
  offer_id: { S: '2026-11-23/0042/BRT-1180/1' },
  store_id: { S: '0042' },
  business_date: { S: '2026-11-23' },
  sku: { S: 'BRT-1180' },
  revision: { N: '1' },
  valid_from: { S: '2026-11-23T14:15:00.000Z' },
  valid_until: { S: '2026-11-23T19:00:00.000Z' },
  currency: { S: 'EUR' },
  regular_price: { N: '3.1' },
  price: { N: '2.17' },
  label_was_price: { S: '3.10' },
  label_percent_off: { S: '30' },
  discount_percent: { N: '30' },
  on_hand: { N: '14' },
  piece: { N: '1' },
  reason: { S: '14 left; at 3.10 about 6 would sell until "closing" and 8 would be left.' },
  arm: { S: 'policy' },
  trust: { S: 'full' },
  policy_version: { S: '5f2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d' },
  shadow: { BOOL: false },
  inputs: { B: 'x'.repeat(500_000) },
};

const PARSED = JSON.parse(SCHEMA) as {
  properties: {
    'detail-type': { enum: string[] };
    detail: { required: string[]; properties: Record<string, { maxLength: number }> };
  };
};
const DETAIL = PARSED.properties.detail;

/**
 * Renders the input template as the samples of AWS do: the JSON at a path replaces a path without
 * quotes. This tests the template and not EventBridge Pipes.
 */
function rendered(row: Row): Record<string, string> {
  const event = { dynamodb: { NewImage: row } };
  const text = inputTemplate().replace(/<\$\.([^>]+)>/g, (_, path: string) => {
    const step = (value: unknown, name: string) => (value as Record<string, unknown>)[name];
    return JSON.stringify(path.split('.').reduce<unknown>(step, event));
  });
  return JSON.parse(text) as Record<string, string>;
}

/** `true` if a value matches a pattern of EventBridge. Supports only the operators in use. */
function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return pattern.some((allowed: unknown) => {
      const not = (allowed as { 'anything-but'?: unknown[] })['anything-but'];
      return not ? !not.includes(value) : allowed === value;
    });
  }
  return Object.entries(pattern as object).every(([name, inner]) =>
    matches(inner, (value as Record<string, unknown> | undefined)?.[name]),
  );
}

function detailTypesOf(eventName: string, changed: Row = {}): string[] {
  const record = { eventName, dynamodb: { NewImage: { ...ROW, ...changed } } };
  return DETAIL_TYPES.filter((detailType) => matches(filterPattern(detailType), record));
}

test('a new offer is published, and a later revision is deepened', () => {
  assert.deepEqual(detailTypesOf('INSERT'), ['OfferPublished']);
  assert.deepEqual(detailTypesOf('INSERT', { revision: { N: '2' } }), ['OfferDeepened']);
  assert.deepEqual(detailTypesOf('INSERT', { revision: { N: '11' } }), ['OfferDeepened']);
});

test('a shadow offer and a changed or removed row make no event', () => {
  assert.deepEqual(detailTypesOf('INSERT', { shadow: { BOOL: true } }), []);
  assert.deepEqual(detailTypesOf('MODIFY'), []);
  assert.deepEqual(detailTypesOf('REMOVE'), []);
});

test('an event has the fields of the row, and prices stay decimals', () => {
  const event = rendered(ROW);
  assert.deepEqual(Object.keys(event), Object.keys(FIELDS));
  assert.equal(event.price, '2.17');
  assert.equal(event.reason, ROW.reason?.S);
});

test('the schema has exactly the fields of an event', () => {
  const sent = Object.keys(FIELDS).sort();
  assert.deepEqual(Object.keys(DETAIL.properties).sort(), sent);
  assert.deepEqual([...DETAIL.required].sort(), sent);
  assert.deepEqual(PARSED.properties['detail-type'].enum, [...DETAIL_TYPES]);
});

test('the example in the documentation is a valid event', () => {
  const text = readFileSync(resolve(__dirname, '../../../docs/offer-events.md'), 'utf8');
  const [, json = ''] = /```json\n([^]*?)```/.exec(text) ?? [];
  const example = JSON.parse(json) as { detail: Record<string, string> };
  assert.deepEqual(Object.keys(example.detail), Object.keys(FIELDS));
  const asRow = Object.entries(FIELDS).map(([name, type]) => [
    name,
    { [type]: example.detail[name] },
  ]);
  assert.deepEqual(rendered(Object.fromEntries(asRow) as Row), example.detail);
});

test('a row of the offers table always has every field, with its type', () => {
  const rust = readFileSync(resolve(__dirname, '../../../aws/src/offers.rs'), 'utf8');
  const types: Record<string, string> = { text: 'S', instant: 'S', number: 'N', decimal: 'N' };
  for (const [name, type] of Object.entries(FIELDS)) {
    const put = new RegExp(`^    put\\("${name}", (\\w+)\\(`, 'm').exec(rust);
    assert.ok(put, `aws/src/offers.rs writes no ${name}, or not always`);
    assert.equal(types[put[1] ?? ''], type, name);
  }
});

test('ten events of the largest size are far below the limit of a call to the bus', () => {
  // PutEvents: 256 KB for all entries of a call together. Source: EventBridge quotas.
  const callBytesMax = 256 * 1024;
  const largest = Object.fromEntries(
    Object.entries(FIELDS).map(([name, type]) => {
      // JSON encodes a character in at most six bytes: \u0000.
      const character = type === 'S' ? '\u0000' : '9';
      return [name, { [type]: character.repeat(DETAIL.properties[name]?.maxLength ?? NaN) }];
    }),
  );
  const bytes = JSON.stringify(rendered(largest)).length;
  assert.ok(10 * bytes < callBytesMax / 2, `${bytes} bytes an event`);
});

test('a batch of the largest rows is below the limits of a pipe and of the bus', () => {
  // A batch has at most 6 MB. An item has at most 400 KB, and a third more in base64. Source:
  // Pipes, DynamoDB quotas.
  const [readBytes, rowBytes] = [6_000_000, (400 * 1024 * 4) / 3];
  // Source: EventBridge, PutEvents.
  const entries = 10;
  const pipes = Object.values(template().findResources('AWS::Pipes::Pipe'));
  assert.equal(pipes.length, DETAIL_TYPES.length);
  for (const { Properties } of pipes) {
    const { SourceParameters } = Properties as {
      SourceParameters: { DynamoDBStreamParameters: { BatchSize: number } };
    };
    const { BatchSize } = SourceParameters.DynamoDBStreamParameters;
    assert.ok(BatchSize <= entries && BatchSize * rowBytes < readBytes, `${BatchSize} rows`);
  }
});

test('an input template is not too long for a pipe', () => {
  assert.ok(inputTemplate().length <= 8_192);
});

test('a pipe stops retrying within four hours and keeps failed records', () => {
  template().resourceCountIs('AWS::Pipes::Pipe', 2);
  template().allResourcesProperties('AWS::Pipes::Pipe', {
    SourceParameters: {
      DynamoDBStreamParameters: {
        MaximumRetryAttempts: 10,
        MaximumRecordAgeInSeconds: 4 * 3600,
        OnPartialBatchItemFailure: 'AUTOMATIC_BISECT',
        DeadLetterConfig: { Arn: Match.anyValue() },
      },
    },
  });
});

test('a pipe may only read the stream, write to the bus and keep failed records', () => {
  const policies = template().findResources('AWS::IAM::Policy', {
    Properties: { PolicyName: Match.stringLikeRegexp('^OffersOutOffer') },
  });
  const actions = Object.values(policies).map((policy) => {
    const { PolicyDocument } = policy.Properties as {
      PolicyDocument: { Statement: { Action: string | string[] }[] };
    };
    return PolicyDocument.Statement.flatMap(({ Action }) => Action).sort();
  });
  const expected = [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'events:PutEvents',
    'kms:Decrypt',
    'kms:DescribeKey',
    'sqs:SendMessage',
  ];
  assert.deepEqual(actions, [expected, expected]);
});

test('offers are archived and their schema is published', () => {
  template().hasResourceProperties('AWS::Events::Archive', {
    EventPattern: Match.objectLike({ source: ['daymark.offers'] }),
    RetentionDays: 30,
  });
  template().hasResourceProperties('AWS::EventSchemas::Schema', {
    Type: 'JSONSchemaDraft4',
    Content: SCHEMA,
  });
});

test('the example consumer receives both detail types encrypted, and loses none', () => {
  template().hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['daymark.offers'], 'detail-type': [...DETAIL_TYPES] },
    Targets: [Match.objectLike({ DeadLetterConfig: { Arn: Match.anyValue() } })],
  });
  template().hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'sqs',
    RedrivePolicy: { deadLetterTargetArn: Match.anyValue() },
  });
  template().hasResourceProperties('AWS::SNS::Topic', {
    TopicName: 'daymark-dev-offers',
    KmsMasterKeyId: Match.anyValue(),
  });
  template().hasResourceProperties('AWS::SQS::Queue', {
    QueueName: 'daymark-dev-offers-labels',
    RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
  });
});

test('without the example consumer the bus has no rule', () => {
  const alone = template({ offersConsumer: false });
  alone.resourceCountIs('AWS::Events::Rule', 0);
  alone.resourceCountIs('AWS::Events::EventBus', 1);
});

test('an emulated deployment has no archive and no schema', () => {
  const emulated = template({ emulated: true });
  emulated.resourceCountIs('AWS::Events::Archive', 0);
  emulated.resourceCountIs('AWS::EventSchemas::Schema', 0);
  emulated.resourceCountIs('AWS::Pipes::Pipe', 2);
});
