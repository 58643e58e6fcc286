import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { BINARIES } from '../lib/binaries';
import { resources, template, type Resource } from './template';

const FUNCTION = 'AWS::Lambda::Function';

/** Environment variables of each function. */
const VARIABLES: Record<string, readonly string[]> = {
  ingest: ['DAYMARK_STREAM'],
  'stock-processor': ['DAYMARK_STOCK_LOG_DAYS', 'DAYMARK_TABLE_PREFIX'],
  pricing: ['DAYMARK_STOCK_LOG_DAYS', 'DAYMARK_TABLE_PREFIX'],
  'pricing-schedule': ['DAYMARK_QUEUE_URL', 'DAYMARK_TABLE_PREFIX'],
  'day-close': ['DAYMARK_STOCK_LOG_DAYS', 'DAYMARK_TABLE_PREFIX'],
  'day-close-schedule': ['DAYMARK_QUEUE_URL', 'DAYMARK_TABLE_PREFIX'],
  token: ['DAYMARK_TABLE_PREFIX'],
  'offers-api': ['DAYMARK_TABLE_PREFIX'],
  'figures-api': ['DAYMARK_TABLE_PREFIX'],
};

/** Actions of each function's Rust code on each table. */
const ACTIONS: Record<string, Record<string, readonly string[]>> = {
  ingest: {},
  'stock-processor': { quarantine: ['PutItem'], 'stock-log': ['BatchWriteItem'] },
  pricing: {
    catalog: ['GetItem', 'Query'],
    days: ['BatchGetItem', 'Query'],
    offers: ['PutItem', 'Query'],
    'stock-log': ['Query'],
  },
  'pricing-schedule': { catalog: ['BatchGetItem', 'Query'] },
  'day-close': {
    catalog: ['GetItem', 'Query'],
    days: ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query'],
    offers: ['Query'],
    quarantine: ['DeleteItem', 'PutItem'],
    'stock-log': ['PutItem', 'Query'],
    windows: ['PutItem', 'Query'],
  },
  'day-close-schedule': { catalog: ['BatchGetItem', 'Query'], 'stock-log': ['Query'] },
  token: { clients: ['GetItem'] },
  'offers-api': { catalog: ['GetItem', 'Query'], offers: ['Query'] },
  'figures-api': {
    catalog: ['BatchGetItem', 'GetItem', 'Query'],
    days: ['BatchGetItem', 'Query'],
    offers: ['Query'],
    'stock-log': ['Query'],
  },
};

/**
 * Actions of an event source mapping on its stream. Source: AWS Lambda, "Process Amazon Kinesis Data
 * Streams records with Lambda".
 */
const READ_STREAM = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
  'kinesis:ListStreams',
  'kinesis:SubscribeToShard',
];

/** Returns the functions that run a Rust binary, by name. */
function functions(values?: Record<string, unknown>): Record<string, Resource> {
  const all = Object.values(resources(template(values), FUNCTION));
  const ours = all.filter(({ Properties }) => Properties.Runtime === 'provided.al2023');
  const name = ({ Properties }: Resource) =>
    String(Properties.FunctionName).replace('daymark-dev-', '');
  return Object.fromEntries(ours.map((one) => [name(one), one]));
}

function variables(of: Resource | undefined): Record<string, unknown> {
  const { Variables } = of?.Properties.Environment as { Variables: Record<string, unknown> };
  return Variables;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Returns the policy statements of a function's role. */
function statements(name: string): Statement[] {
  const role = functions()[name]?.Properties.Role as { 'Fn::GetAtt': [string, string] };
  const policies = Object.values(resources(template(), 'AWS::IAM::Policy'));
  return policies
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role['Fn::GetAtt'][0]))
    .flatMap(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
    );
}

const actions = ({ Action }: Statement) => [Action].flat();

test('there is a function for each binary', () => {
  assert.deepEqual(Object.keys(functions()).sort(), Object.keys(BINARIES).sort());
});

test('a function has exactly the variables that its binary reads', () => {
  for (const [name, one] of Object.entries(functions())) {
    assert.deepEqual(Object.keys(variables(one)).sort(), VARIABLES[name], name);
  }
});

test('every variable is one that the Rust code reads, and the other way round', () => {
  const source = readFileSync(resolve(__dirname, '../../../aws/src/settings.rs'), 'utf8');
  const known = [...source.matchAll(/pub const \w+: &str = "(DAYMARK_\w+)";/g)].map(
    ([, name]) => name,
  );
  const used = Object.values(functions({ eventAgeMaxDays: '30' })).flatMap((one) =>
    Object.keys(variables(one)),
  );
  assert.deepEqual([...new Set(used)].sort(), known.sort());
});

test('the variables contain the names of the stream and the tables', () => {
  const { ingest, pricing } = functions();
  assert.equal(variables(ingest).DAYMARK_STREAM, 'daymark-dev-events');
  assert.equal(variables(pricing).DAYMARK_TABLE_PREFIX, 'daymark-dev-');
});

test('ingest and the stock processor have the same maximum age of events', () => {
  const limited = functions({ eventAgeMaxDays: '30' });
  for (const name of ['ingest', 'stock-processor']) {
    assert.equal(variables(limited[name]).DAYMARK_EVENT_AGE_MAX_DAYS, '30');
  }
});

test('functions that write or read the stock log keep its events equally long', () => {
  for (const [values, expected] of [
    [{}, '90'],
    [{ stockLogDays: 400 }, '400'],
    [{ stockLogDays: 'forever', eventAgeMaxDays: 'any' }, 'forever'],
  ] as const) {
    const all = functions(values);
    for (const name of ['stock-processor', 'pricing', 'day-close']) {
      assert.equal(variables(all[name]).DAYMARK_STOCK_LOG_DAYS, expected, name);
    }
  }
});

test('a function that writes a table may encrypt with its key', () => {
  for (const [name, tables] of Object.entries(ACTIONS)) {
    const writes = Object.values(tables)
      .flat()
      .some((action) => /Put|Delete|Write/.test(action));
    const all = statements(name).flatMap(actions);
    assert.equal(all.includes('kms:ReEncryptTo'), writes, name);
  }
});

test('functions run on the architecture of the setting', () => {
  for (const architecture of ['arm64', 'x86_64']) {
    for (const { Properties } of Object.values(functions({ architecture }))) {
      assert.deepEqual(Properties.Architectures, [architecture]);
    }
  }
});

test('a function logs JSON to its own group with the configured retention, and is traced', () => {
  const values = { logRetentionDays: 90 };
  const groups = resources(template(values), 'AWS::Logs::LogGroup');
  for (const [name, { Properties }] of Object.entries(functions(values))) {
    const { LogFormat, LogGroup } = Properties.LoggingConfig as {
      LogFormat: string;
      LogGroup: { Ref: string };
    };
    assert.equal(LogFormat, 'JSON');
    const group = groups[LogGroup.Ref]?.Properties;
    assert.equal(group?.LogGroupName, `/aws/lambda/daymark-dev-${name}`);
    assert.equal(group.RetentionInDays, 90);
    assert.deepEqual(Properties.TracingConfig, { Mode: 'Active' });
  }
});

test('a function has the alias live, and its versions are retained', () => {
  const aliases = Object.values(resources(template(), 'AWS::Lambda::Alias'));
  const versions = Object.values(resources(template(), 'AWS::Lambda::Version'));
  const of = (all: Resource[], id: string) =>
    all.filter((one) => JSON.stringify(one.Properties.FunctionName).includes(id));
  for (const [id, { Properties }] of Object.entries(resources(template(), FUNCTION))) {
    if (Properties.Runtime !== 'provided.al2023') continue;
    assert.deepEqual(
      of(aliases, id).map((alias) => alias.Properties.Name),
      ['live'],
    );
    assert.deepEqual(
      of(versions, id).map(({ DeletionPolicy }) => DeletionPolicy),
      ['RetainExceptOnCreate'],
    );
  }
});

test('concurrency is reserved only if a setting says so', () => {
  const reserved = functions({ ingestReserved: 50 });
  assert.equal(reserved.ingest?.Properties.ReservedConcurrentExecutions, 50);
  assert.equal(reserved.pricing?.Properties.ReservedConcurrentExecutions, undefined);
});

test('a small reserved concurrency has no alarm', () => {
  const near = (ingestReserved: number) =>
    template({ ingestReserved, throttleRate: 10 }).findResources('AWS::CloudWatch::Alarm', {
      Properties: { AlarmName: 'daymark-dev-ingest-concurrency' },
    });
  assert.deepEqual(near(1), {});
  assert.equal(Object.keys(near(50)).length, 1);
});

test('a function may do on a table exactly what its code does', () => {
  const tables = resources(template(), 'AWS::DynamoDB::Table');
  for (const name of Object.keys(BINARIES)) {
    const may: Record<string, string[]> = {};
    for (const statement of statements(name)) {
      const onTable = actions(statement).filter((action) => action.startsWith('dynamodb:'));
      if (onTable.length === 0) continue;
      for (const resource of [statement.Resource].flat()) {
        const id = (resource as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
        const table = String(tables[id]?.Properties.TableName).replace('daymark-dev-', '');
        const more = onTable.map((action) => action.replace('dynamodb:', ''));
        may[table] = [...(may[table] ?? []), ...more].sort();
      }
    }
    assert.deepEqual(may, ACTIONS[name], name);
  }
});

test('only ingest may write to the stream, and only the stock processor may read it', () => {
  for (const name of Object.keys(BINARIES)) {
    const all = statements(name).flatMap(actions);
    const onStream = all.filter((action) => action.startsWith('kinesis:'));
    if (name === 'ingest') assert.deepEqual(onStream, ['kinesis:PutRecords']);
    else if (name === 'stock-processor') assert.deepEqual(onStream.sort(), READ_STREAM);
    else assert.deepEqual(onStream, [], name);
  }
});

test('a permission has a wildcard only if AWS requires it', () => {
  for (const name of Object.keys(BINARIES)) {
    for (const statement of statements(name)) {
      for (const action of actions(statement)) assert.doesNotMatch(action, /\*/, name);
      const isRequired = actions(statement).every((action) =>
        /^(xray:\w+|s3:PutObject|kinesis:ListStreams)$/.test(action),
      );
      if (!isRequired) assert.doesNotMatch(JSON.stringify(statement.Resource), /\*/, name);
    }
  }
});

test('a function may use the key only through the service that holds the data', () => {
  for (const name of Object.keys(BINARIES)) {
    for (const statement of statements(name)) {
      if (!actions(statement).some((action) => action.startsWith('kms:'))) continue;
      assert.match(JSON.stringify(statement.Condition), /kms:ViaService/, name);
    }
  }
});

test('every function is traced and logs JSON, and every log group has a retention', () => {
  template().allResourcesProperties(FUNCTION, {
    TracingConfig: { Mode: 'Active' },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: Match.anyValue() },
  });
  template().allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});
