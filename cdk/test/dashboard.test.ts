import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarms, resources, template } from './template';

function dashboard(): string {
  const [found] = Object.values(resources(template(), 'AWS::CloudWatch::Dashboard'));
  return JSON.stringify(found);
}

test('the dashboard shows business, freshness, correctness and capacity', () => {
  for (const section of ['Business', 'Freshness', 'Correctness', 'Capacity']) {
    assert.ok(dashboard().includes(`## ${section}`), section);
  }
});

test('every alarm is on the dashboard', () => {
  const body = dashboard();
  assert.deepEqual(
    Object.keys(alarms()).filter((id) => !body.includes(`"${id}"`)),
    [],
  );
});
