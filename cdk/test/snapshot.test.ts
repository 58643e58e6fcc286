import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { template } from './template';

const FILE = resolve(__dirname, '../../test/snapshot.json');

/** Replaces hashes, which change with every binary. */
function normalised(text: string): string {
  return `${text
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1HASH')}\n`;
}

test('the template equals the reviewed one: npm run snapshot updates it', () => {
  const now = normalised(JSON.stringify(template().toJSON(), undefined, 1));
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(FILE, now);
  const reviewed: unknown = JSON.parse(readFileSync(FILE, 'utf8'));
  assert.deepEqual(JSON.parse(now), reviewed);
});
