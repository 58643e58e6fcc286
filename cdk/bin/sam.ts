/** `npm run sam`: writes the stack of `cdk.out` as SAM templates, beside what they were made of. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudFormationTemplate, toLocalSam, toSam } from '../lib/sam';

const ASSEMBLY = 'cdk.out';
const TEMPLATE = /^Daymark-[a-z0-9]+\.template\.json$/;

const [name, ...others] = readdirSync(ASSEMBLY).filter((file) => TEMPLATE.test(file));
if (name === undefined || others.length > 0) {
  const found = [name, ...others].join(', ');
  console.error(`${ASSEMBLY} holds ${found || 'no stack'}; remove it, then: npx cdk synth --quiet`);
  process.exit(1);
}
const template = JSON.parse(readFileSync(join(ASSEMBLY, name), 'utf8')) as CloudFormationTemplate;
const folder = join(ASSEMBLY, 'sam');
mkdirSync(folder, { recursive: true });
const sam = toSam(template, '..');
for (const [file, content] of Object.entries({ template: sam, local: toLocalSam(sam) })) {
  const path = join(folder, `${file}.json`);
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`);
  console.log(path);
}
