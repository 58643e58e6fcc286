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
