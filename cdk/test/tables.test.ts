import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFINITION } from '../lib/tables';
import { resources, template, type Resource } from './template';

const TABLE = 'AWS::DynamoDB::Table';

function tables(values?: Record<string, unknown>) {
  const all = Object.values(resources(template(values), TABLE));
  return Object.fromEntries(all.map((table) => [String(table.Properties.TableName), table]));
}

test('the tables are those of aws/tables.json', () => {
  const names = DEFINITION.tables.map(({ name }) => `daymark-dev-${name}`);
  assert.deepEqual(Object.keys(tables()).sort(), names.sort());
});

test('a table has the keys that the code uses, and no index', () => {
  for (const { Properties } of Object.values(tables())) {
    assert.deepEqual(Properties.KeySchema, [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
    assert.equal(Properties.GlobalSecondaryIndexes, undefined);
    assert.equal(Properties.LocalSecondaryIndexes, undefined);
  }
});

test('tables are billed by use, encrypted, and restorable to any second of the last 35 days', () => {
  for (const { Properties } of Object.values(tables())) {
    assert.equal(Properties.BillingMode, 'PAY_PER_REQUEST');
    assert.deepEqual(Properties.PointInTimeRecoverySpecification, {
      PointInTimeRecoveryEnabled: true,
    });
    const { SSEEnabled, SSEType } = Properties.SSESpecification as Record<string, unknown>;
    assert.deepEqual([SSEEnabled, SSEType], [true, 'KMS']);
  }
});

test('rows expire by the attribute in aws/tables.json', () => {
  for (const { name, time_to_live } of DEFINITION.tables) {
    const expected = time_to_live && { AttributeName: time_to_live, Enabled: true };
    const table = tables()[`daymark-dev-${name}`];
    assert.deepEqual(table?.Properties.TimeToLiveSpecification, expected, name);
  }
});

test('only the offers table has a stream of changes', () => {
  for (const [name, { Properties }] of Object.entries(tables())) {
    const expected = name === 'daymark-dev-offers' ? { StreamViewType: 'NEW_IMAGE' } : undefined;
    assert.deepEqual(Properties.StreamSpecification, expected, name);
  }
});

test('a deployment that is rolled back leaves no resource that would block the next attempt', () => {
  const all = Object.entries(template().toJSON().Resources as Record<string, Resource>);
  const left = all.filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain');
  assert.deepEqual(left, []);
});

test('a table that leaves the template stays in the account, unless a setting says otherwise', () => {
  // CloudFormation applies the policies of the template that was deployed before.
  const policies = (values: Record<string, unknown>) =>
    Object.values(tables(values)).map(({ DeletionPolicy, UpdateReplacePolicy }) =>
      [DeletionPolicy, UpdateReplacePolicy].join(),
    );
  assert.deepEqual([...new Set(policies({}))], ['RetainExceptOnCreate,Retain']);
  assert.deepEqual([...new Set(policies({ keepData: false }))], ['Delete,Delete']);
});

test('an alarm watches the errors of the stock log, within the ten metrics that an alarm takes', () => {
  const [alarm] = Object.values(
    template().findResources('AWS::CloudWatch::Alarm', {
      Properties: { AlarmName: 'daymark-dev-tables-fail' },
    }),
  );
  const { Metrics } = alarm?.Properties as { Metrics: { MetricStat?: unknown }[] };
  const watched = Metrics.filter((query) => query.MetricStat !== undefined);
  assert.ok(watched.length <= 10, String(watched.length));
  assert.match(JSON.stringify(watched), /"BatchWriteItem"/);
});

test('data is retained by default and deleted only if a setting says so', () => {
  for (const table of Object.values(tables())) {
    assert.equal(table.Properties.DeletionProtectionEnabled, true);
    assert.equal(table.DeletionPolicy, 'RetainExceptOnCreate');
  }
  for (const table of Object.values(tables({ keepData: false }))) {
    assert.equal(table.Properties.DeletionProtectionEnabled, false);
    assert.equal(table.DeletionPolicy, 'Delete');
  }
});
