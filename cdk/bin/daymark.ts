/** Entry point of `cdk synth` and `cdk deploy`. */

import { createApp } from '../lib/app';
import { BinariesError } from '../lib/binaries';
import { SettingsError } from '../lib/settings/parser';

try {
  createApp();
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof BinariesError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
