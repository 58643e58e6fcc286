/** Runs all tests in one process, so that they share the synthesized templates. */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const requireTest = createRequire(__filename);
for (const file of readdirSync(__dirname)) {
  if (file.endsWith('.test.js')) requireTest(`./${file}`);
}
