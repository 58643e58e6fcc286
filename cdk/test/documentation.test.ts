import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { SETTINGS } from '../lib/settings/definitions';

const FILE = resolve(__dirname, '../../../docs/deploy.md');
const PART = /(<!-- settings -->\n)[^]*(<!-- \/settings -->)/;

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length > 0 ? `\`${value.join(',')}\`` : 'nobody';
  return `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function table(): string {
  const rows = Object.entries(SETTINGS).map(([name, { meaning, fallback, rule, source }]) => {
    const texts = [`\`${name}\``, meaning, shown(fallback), `${rule} (${source})`];
    return `| ${texts.join(' | ')} |\n`;
  });
  return `| setting | what it decides | default | what may be given |\n|---|---|---|---|\n${rows.join('')}`;
}

test('docs/deploy.md tells every setting as it is', () => {
  const text = readFileSync(FILE, 'utf8');
  assert.match(text, PART);
  const now = text.replace(PART, (_, from: string, to: string) => `${from}${table()}${to}`);
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(FILE, now);
  assert.equal(now, readFileSync(FILE, 'utf8'));
});
