import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { resources, template } from './template';

/** Assumptions of `daymark cost` about a deployment. */
const ASSUMPTIONS = readFileSync(resolve(__dirname, '../../../tuning/src/assumptions.rs'), 'utf8');

test('daymark cost counts as many alarm metrics as the template has', () => {
  const watched = Object.values(resources(template(), 'AWS::CloudWatch::Alarm')).flatMap(
    ({ Properties: { MetricName, Metrics } }) =>
      MetricName ? [MetricName] : (Metrics as object[]).filter((query) => 'MetricStat' in query),
  );
  const [, counted] = /default_value = "(\d+)"[^#]*pub alarms:/.exec(ASSUMPTIONS) ?? [];
  assert.equal(Number(counted), watched.length);
});

test('daymark cost assumes the memory that each function has', () => {
  const [, table = ''] = /const MEMORY:[^=]*= \[([^;]*)\];/.exec(ASSUMPTIONS) ?? [];
  const counted = [...table.matchAll(/\("([\w-]+)", (\d+)\)/g)].map(([, name = '', memory]) => [
    name,
    Number(memory),
  ]);
  assert.ok(counted.length > 5, table);
  const given = Object.values(resources(template(), 'AWS::Lambda::Function')).map(
    ({ Properties: { FunctionName, MemorySize } }) => [
      String(FunctionName).replace(/^daymark-[^-]*-/, ''),
      MemorySize,
    ],
  );
  const known = new Map(given as [string, number][]);
  for (const [name, memory] of counted as [string, number][]) {
    assert.equal(known.get(name), memory, name);
  }
});
