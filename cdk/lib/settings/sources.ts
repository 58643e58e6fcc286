/** Where settings are given: `settings/<stage>.json`, and before it `-c name=value`. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { SettingsError, type SettingsSource } from './parser';
import { SETTINGS } from './definitions';

/**
 * CDK keeps its own words in the same place: those of apps hold a colon or a slash, and these two
 * are of its command line. Source: aws-cdk, `cdk acknowledge` and `cdk cli-telemetry`.
 */
const OF_CDK = /[:/]|^(acknowledged-issue-numbers|cli-telemetry)$/;

/** What the files of `folder` and the command line say. */
export function given(app: App, folder: string): SettingsSource[] {
  const context = Object.entries(app.node.getAllContext() as Record<string, unknown>);
  const ours = context.filter(([name]) => !OF_CDK.test(name));
  const values = Object.fromEntries(ours);
  const stage = typeof values.stage === 'string' ? values.stage : SETTINGS.stage.fallback;
  return [...ofFile(folder, stage), { where: 'context', values }];
}

/** What to say of a stage that has no file: its name may be mistyped. */
export function missingFileWarning(folder: string, stage: string): string | undefined {
  const file = fileOf(folder, stage);
  if (existsSync(file)) return undefined;
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const stages = files.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
  return (
    `${file} does not exist: every setting that -c does not give has its default; ` +
    `there are: ${stages.sort().join(', ')}`
  );
}

const fileOf = (folder: string, stage: string) => join(folder, `${stage}.json`);

function ofFile(folder: string, stage: string): SettingsSource[] {
  const file = fileOf(folder, stage);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new SettingsError([`${file}: ${jsonFault(text, error)}`]);
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

/** Where a text is no JSON, as far as that is known. Node's messages seldom say it. */
function jsonFault(text: string, error: unknown): string {
  const said = String(error);
  const line = (at: number) => text.slice(0, at).split('\n').length;
  const comma = text.search(/,\s*[}\]]/);
  if (comma >= 0) return `line ${line(comma)}: nothing follows the comma; leave it out`;
  const [, at] = /at position (\d+)/.exec(said) ?? [];
  return at === undefined ? said : `line ${line(Number(at))}: ${said}`;
}
