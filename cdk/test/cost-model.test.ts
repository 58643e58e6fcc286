import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { resources, template } from './template';

/** What `daymark cost` takes a deployment to be. */
const CHAIN = readFileSync(resolve(__dirname, '../../../src/cost/chain.rs'), 'utf8');

test('daymark cost pays for as many metrics as alarms look at', () => {
  const looked = Object.values(resources(template(), 'AWS::CloudWatch::Alarm')).flatMap(
    ({ Properties: { MetricName, Metrics } }) =>
      MetricName ? [MetricName] : (Metrics as object[]).filter((each) => 'MetricStat' in each),
  );
  const [, paid] = /default_value = "(\d+)"[^#]*\) alarms:/.exec(CHAIN) ?? [];
  assert.equal(Number(paid), looked.length);
});

test('daymark cost counts with the memory that each function has', () => {
  const [, table = ''] = /const MEMORY:[^=]*= \[([^;]*)\];/.exec(CHAIN) ?? [];
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
