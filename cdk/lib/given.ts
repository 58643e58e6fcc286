/** Where settings are given: `settings/<stage>.json`, and before it `-c name=value`. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { SettingsError, type Given } from './read-settings';
import { SETTINGS } from './settings';

/** What the files of `folder` and the command line say. */
export function given(app: App, folder: string): Given[] {
  // CDK keeps its own words in the same place; each of them holds a colon or a slash.
  const context = Object.entries(app.node.getAllContext() as Record<string, unknown>);
  const ours = context.filter(([name]) => !/[:/]/.test(name));
  const values = Object.fromEntries(ours);
  const stage = typeof values.stage === 'string' ? values.stage : SETTINGS.stage.fallback;
  return [...ofFile(folder, stage), { where: 'context', values }];
}

function ofFile(folder: string, stage: string): Given[] {
  const file = join(folder, `${stage}.json`);
  if (!existsSync(file)) return [];
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SettingsError([`${file}: ${String(error)}`]);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new SettingsError([`${file}: expected an object, for example {"retentionHours": 168}`]);
  }
  if ('stage' in values && values.stage !== stage) {
    const told = JSON.stringify(values.stage);
    throw new SettingsError([
      `${file}: stage is ${told}, but the file is of the stage "${stage}"; its name says which, ` +
        'so leave stage out',
    ]);
  }
  return [{ where: file, values: { ...values } }];
}
