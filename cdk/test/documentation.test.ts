import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { SETTINGS } from '../lib/settings/definitions';
import { ROOT, template } from './template';

const FILE = resolve(ROOT, 'docs/deploy.md');
const TABLE = /(<!-- settings -->\n)[^]*(<!-- \/settings -->)/;

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length > 0 ? `\`${value.join(',')}\`` : 'none';
  return `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function table(): string {
  const rows = Object.entries(SETTINGS).map(([name, { meaning, fallback, rule, source }]) => {
    const cells = [`\`${name}\``, meaning, shown(fallback), `${rule} (${source})`];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `| setting | meaning | default | permitted values |\n|---|---|---|---|\n${rows.join('')}`;
}

test('docs/deploy.md documents every setting: npm run snapshot updates the table', () => {
  const text = readFileSync(FILE, 'utf8');
  assert.match(text, TABLE);
  const now = text.replace(TABLE, (_, from: string, to: string) => `${from}${table()}${to}`);
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(FILE, now);
  assert.equal(now, readFileSync(FILE, 'utf8'));
});

test('the stack has every output that a document names', () => {
  const { domainName, certificateArn, loadImage, readerClients } = SETTINGS;
  const withAll = template({
    domainName: domainName.example,
    certificateArn: certificateArn.example,
    loadImage: loadImage.example,
    readerClients: readerClients.example,
  });
  const known = Object.keys(withAll.toJSON().Outputs as object);
  const outputs =
    /`((?:[A-Z][a-z]+){1,3}(?:Url|Ids?|Bucket|Prefix|Name|Target))`|OutputKey=='(\w+)'/g;
  for (const file of ['RUNBOOK.md', 'docs/deploy.md', 'docs/load.md', 'docs/release.md']) {
    const text = readFileSync(resolve(ROOT, file), 'utf8');
    for (const [, inProse, inCommand] of text.matchAll(outputs)) {
      const name = inProse ?? inCommand ?? '';
      assert.ok(known.includes(name), `${file} names the output ${name}`);
    }
  }
});
