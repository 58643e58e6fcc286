import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { QUERIES } from '../lib/saved-queries';
import { ROOT, template } from './template';

test('the runbook uses every saved query', () => {
  const text = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');
  for (const { name } of QUERIES) assert.ok(text.includes(`\`${name}\``), name);
  template().resourceCountIs('AWS::Logs::QueryDefinition', QUERIES.length);
});

/** Log line of a function as tracing-subscriber writes it, with the outermost span first. */
const LINE = {
  timestamp: '2026-11-23T14:15:00.000000Z',
  level: 'WARN',
  fields: { message: 'not stored', sequence_number: '1', id: 'e1', reason: 'unopenable' },
  spans: [
    { name: 'function', function: 'processor-lambda', version: '7' },
    { name: 'Lambda runtime invoke', requestId: '8286a188-ba32-4475-8077-530cd35c09a9' },
    { name: 'batch', shard: 'shardId-000000000006' },
  ],
};

/** Log line of Lambda itself. */
const REPORT = {
  time: '2026-11-23T14:15:00.000Z',
  type: 'platform.report',
  record: {
    requestId: '8286a188-ba32-4475-8077-530cd35c09a9',
    metrics: {
      durationMs: 12.5,
      initDurationMs: 40.1,
      maxMemoryUsedMB: 60,
      memorySizeMB: 1024,
    },
  },
};

test('the log lines have every field of the queries', () => {
  const has = (line: unknown, path: string) =>
    path
      .split('.')
      .reduce<unknown>(
        (value, key) => (value as Record<string, unknown> | undefined)?.[key],
        line,
      ) !== undefined;
  const fields = QUERIES.flatMap(({ lines }) =>
    lines.flatMap((line) => line.match(/\b(?:spans|fields|record)\.[\w.]+/g) ?? []),
  );
  assert.ok(fields.includes('spans.1.requestId') && fields.includes('record.requestId'));
  for (const path of fields) assert.ok(has(LINE, path) || has(REPORT, path), path);
});

test('the outermost span names the function', () => {
  const rust = readFileSync(resolve(ROOT, 'aws/src/lambda.rs'), 'utf8');
  assert.match(rust, /info_span!\("function", function = self\.name, version = self\.version\)/);
});

test('an emulated deployment has no saved query', () => {
  template({ emulated: true }).resourceCountIs('AWS::Logs::QueryDefinition', 0);
});
