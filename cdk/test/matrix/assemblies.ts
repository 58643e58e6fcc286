/**
 * Synthesizes every combination twice: as AWS gets it, with cdk-nag, for cfn-lint; and as the
 * emulator gets it, for `deploy.ts`.
 */

import { App, Validations } from 'aws-cdk-lib';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Binaries } from '../../lib/binaries';
import { DaymarkStack } from '../../lib/daymark-stack';
import { PipelineStack } from '../../lib/pipeline-stack';
import { parseSettings } from '../../lib/settings/parser';
import { allBinaries, elf, folderOf, MACHINES } from '../scratch';
import { COMBINATIONS, FOLDER } from './combinations';

/** Assembly for AWS. */
export const REAL = join(FOLDER, 'dist/matrix/real');
/** Assembly for the emulator. */
export const EMULATED = join(FOLDER, 'dist/matrix/emulated');

function synthesize(outdir: string, emulated: boolean): void {
  rmSync(outdir, { recursive: true, force: true });
  const app = new App({ context: flags, outdir });
  for (const [stage, { settings: values, notDeployed }] of Object.entries(COMBINATIONS)) {
    if (emulated && notDeployed !== undefined) continue;
    const where = `combination ${stage}`;
    const settings = parseSettings([{ where, values: { ...values, stage, emulated } }]);
    const content = elf(MACHINES[settings.architecture]);
    const binaries = new Binaries(folderOf(allBinaries(content)), settings.architecture);
    new DaymarkStack(app, { settings, binaries });
    const { pipelineRepository: repository, pipelineConnection: connectionArn } = settings;
    if (repository && connectionArn) {
      new PipelineStack(app, { settings, repository, connectionArn });
    }
  }
  if (!emulated) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

if (require.main === module) {
  synthesize(REAL, false);
  synthesize(EMULATED, true);
}
