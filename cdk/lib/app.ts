/** The CDK app: every behaviour that CDK recommends to new apps, and cdk-nag's rules. */

import { App, Validations } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import { resolve } from 'node:path';
import { Binaries } from './binaries';
import { DaymarkStack } from './daymark-stack';
import { given, missingFileWarning } from './settings/sources';
import { PipelineStack } from './pipeline-stack';
import { parseSettings } from './settings/parser';

/** The folder `cdk`. */
const FOLDER = resolve(__dirname, '../..');

/** An app as `cdk` starts it. */
export function createApp(): App {
  const app = new App({ context: flags });
  const folder = resolve(FOLDER, 'settings');
  // `cdk` says which region the AWS CLI is configured for, if it is.
  const settings = parseSettings(given(app, folder), process.env.CDK_DEFAULT_REGION);
  const advice = missingFileWarning(folder, settings.stage);
  if (advice !== undefined) console.error(advice);
  const binaries = new Binaries(resolve(FOLDER, settings.binaries), settings.architecture);
  new DaymarkStack(app, { settings, binaries });
  const { pipelineRepository: repository, pipelineConnection: connectionArn } = settings;
  if (repository && connectionArn) new PipelineStack(app, { settings, repository, connectionArn });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
