/** `cdk synth` and `cdk deploy` start here. */

import { resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Binaries, BinariesError } from '../lib/binaries';
import { DaymarkStack } from '../lib/daymark-stack';
import { given } from '../lib/given';
import { readSettings, SettingsError } from '../lib/read-settings';

const FOLDER = resolve(__dirname, '../..');

function main(): void {
  const app = new App();
  const settings = readSettings(given(app, resolve(FOLDER, 'settings')));
  const binaries = new Binaries(resolve(FOLDER, settings.binaries), settings.architecture);
  new DaymarkStack(app, { settings, binaries });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

try {
  main();
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof BinariesError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
