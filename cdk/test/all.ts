/** Runs all tests in one process, so that they share the synthesized templates. */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// CDK keeps a cache in the home folder.
process.env.HOME = join(__dirname, '../home');
const requireTest = createRequire(__filename);
for (const file of readdirSync(__dirname)) {
  if (file.endsWith('.test.js')) requireTest(`./${file}`);
}
