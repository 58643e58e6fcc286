/** `npm run sam`: writes the SAM templates of the stack in `cdk.out` to `cdk.out/sam`. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { type CloudFormationTemplate, toLocalSam, toSam } from '../lib/sam-template';

const ASSEMBLY = 'cdk.out';

if (!existsSync(join(ASSEMBLY, 'manifest.json'))) {
  console.error(`${ASSEMBLY} holds no stack; first: npx cdk synth --quiet -c stage=STAGE`);
  process.exit(1);
}
// The assembly is of the stage that was synthesized last. A pipeline stack is not converted.
const [stack] = new CloudAssembly(ASSEMBLY).stacks.filter(
  ({ stackName }) => !stackName.endsWith('-pipeline'),
);
if (!stack) throw new Error(`${ASSEMBLY} holds no stack of Daymark`);
const template = JSON.parse(readFileSync(stack.templateFullPath, 'utf8')) as CloudFormationTemplate;
const folder = join(ASSEMBLY, 'sam');
mkdirSync(folder, { recursive: true });
const sam = toSam(template, '..');
for (const [file, content] of Object.entries({ template: sam, local: toLocalSam(sam) })) {
  const path = join(folder, `${file}.json`);
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`);
  console.log(path);
}
