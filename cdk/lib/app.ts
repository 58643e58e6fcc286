/** CDK app, with the feature flags that CDK recommends to new apps and with cdk-nag's rules. */

import { App, Validations } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import { resolve } from 'node:path';
import { Binaries } from './binaries';
import { DaymarkStack } from './daymark-stack';
import { PipelineStack } from './pipeline-stack';
import { parseSettings } from './settings/parser';
import { missingFileWarning, readSources } from './settings/sources';

/** Path of the folder `cdk`. */
const FOLDER = resolve(__dirname, '../..');

/**
 * Creates the app that the `cdk` command runs.
 *
 * @throws SettingsError if a setting breaks a rule.
 * @throws BinariesError if the binaries cannot be deployed.
 */
export function createApp(): App {
  const app = new App({ context: flags });
  const folder = resolve(FOLDER, 'settings');
  // The `cdk` command sets the variable to the region of the AWS CLI, if that has one.
  const settings = parseSettings(readSources(app, folder), process.env.CDK_DEFAULT_REGION);
  const warning = missingFileWarning(folder, settings.stage);
  if (warning !== undefined) console.error(warning);
  const binaries = new Binaries(resolve(FOLDER, settings.binaries), settings.architecture);
  new DaymarkStack(app, { settings, binaries });
  const { pipelineRepository: repository, pipelineConnection: connectionArn } = settings;
  if (repository && connectionArn) new PipelineStack(app, { settings, repository, connectionArn });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
