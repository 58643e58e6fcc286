import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ROOT, template } from './template';

/** Metrics that the Rust code writes. */
function rustMetrics(): Set<string> {
  const files = ['ingest', 'processors', 'pricing'].map((crate) =>
    readFileSync(resolve(ROOT, crate, 'src/metrics.rs'), 'utf8'),
  );
  return new Set(files.join('\n').match(/(?<=")daymark_\w+(?=")/g));
}

test('the Rust code writes every metric of the template', () => {
  const used = new Set(JSON.stringify(template().toJSON()).match(/daymark_\w+/g));
  const written = rustMetrics();
  assert.deepEqual(
    [...used].filter((name) => !written.has(name)),
    [],
  );
});

/** Variant of a Rust enum whose word is `value`: the enums derive their words in snake case. */
function variantOf(value: string): RegExp {
  const name = value.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return new RegExp(`^ +${name}[,({ ]`, 'm');
}

test('the Rust code writes every value of a dimension in the template', () => {
  const rust = ['domain', 'ingest', 'processors', 'pricing']
    .map((crate) => resolve(ROOT, crate, 'src'))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
        resolve(folder, name),
      ),
    )
    .filter((file) => file.endsWith('.rs'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const watched = JSON.stringify([
    template().findResources('AWS::CloudWatch::Alarm'),
    template().findResources('AWS::CloudWatch::Dashboard'),
  ]);
  const values = [...watched.matchAll(/\W(?:outcome|reason|figure)(?:\W+Value)?\W+(\w+)/g)].map(
    ([, value = '']) => value,
  );
  assert.ok(values.length > 20);
  assert.deepEqual(
    [...new Set(values)].filter(
      (value) => !rust.includes(`"${value}"`) && !variantOf(value).test(rust),
    ),
    [],
  );
});

test('a counter in the runbook is written by a function, or described as of one machine', () => {
  const text = readFileSync(resolve(ROOT, 'RUNBOOK.md'), 'utf8');
  const written = rustMetrics();
  for (const line of text.split('\n')) {
    const others = (line.match(/daymark_[a-z_]+/g) ?? []).filter((name) => !written.has(name));
    assert.ok(others.length === 0 || /on one machine/i.test(line), line);
  }
});
