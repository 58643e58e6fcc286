/**
 * Sources of settings: `settings/tuned.json`, overridden by `settings/STAGE.json`, overridden by
 * `-c name=value`.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { SETTINGS } from './definitions';
import { SettingsError, type SettingsSource } from './parser';

/**
 * Names of CDK's own context values: those of apps contain a colon or a slash, and two belong to
 * its command line. Source: aws-cdk, `cdk acknowledge` and `cdk cli-telemetry`.
 */
const OF_CDK = /[:/]|^(acknowledged-issue-numbers|cli-telemetry)$/;

/** File of `daymark tune choose --write`: chosen settings of every stage, with their origin. */
const TUNED = 'tuned';

/**
 * Reads the tuned settings and the settings file of the stage, if they are in `folder`, and the
 * command line.
 *
 * @throws SettingsError if the file is not a JSON object or is of another stage.
 */
export function readSources(app: App, folder: string): SettingsSource[] {
  const context = Object.entries(app.node.getAllContext() as Record<string, unknown>);
  const values = Object.fromEntries(context.filter(([name]) => !OF_CDK.test(name)));
  const stage = typeof values.stage === 'string' ? values.stage : SETTINGS.stage.fallback;
  if (stage === TUNED) {
    throw new SettingsError([
      `stage is "${TUNED}", but ${TUNED}.json holds settings of every stage`,
    ]);
  }
  return [...readTuned(folder), ...readFile(folder, stage), { where: 'context', values }];
}

/** Returns a warning if a stage has no settings file: its name may be mistyped. */
export function missingFileWarning(folder: string, stage: string): string | undefined {
  const file = fileOf(folder, stage);
  if (existsSync(file)) return undefined;
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const names = files.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
  const stages = names.filter((name) => name !== TUNED);
  return (
    `${file} does not exist: settings without -c have their defaults; stages with a file: ` +
    stages.sort().join(', ')
  );
}

const fileOf = (folder: string, stage: string) => join(folder, `${stage}.json`);

function readTuned(folder: string): SettingsSource[] {
  const file = fileOf(folder, TUNED);
  if (!existsSync(file)) return [];
  const { settings } = readObject(file);
  if (!isObject(settings)) {
    throw new SettingsError([
      `${file}: expected the settings in "settings"; \`daymark tune choose --write\` writes the file`,
    ]);
  }
  return [{ where: file, values: settings }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readObject(file: string): Record<string, unknown> {
  const text = readFileSync(file, 'utf8');
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new SettingsError([`${file}: ${syntaxProblem(text, error)}`]);
  }
  if (!isObject(values)) {
    throw new SettingsError([`${file}: expected an object, for example {"retentionHours": 168}`]);
  }
  return values;
}

function readFile(folder: string, stage: string): SettingsSource[] {
  const file = fileOf(folder, stage);
  if (!existsSync(file)) return [];
  const values = readObject(file);
  if ('stage' in values && values.stage !== stage) {
    throw new SettingsError([
      `${file}: stage is ${JSON.stringify(values.stage)}, but the file name says "${stage}"; ` +
        'leave stage out',
    ]);
  }
  return [{ where: file, values: { ...values } }];
}

/** Describes a syntax error of JSON, with its line if that is known: Node seldom names one. */
function syntaxProblem(text: string, error: unknown): string {
  const lineAt = (index: number) => text.slice(0, index).split('\n').length;
  const comma = text.search(/,\s*[}\]]/);
  if (comma >= 0) return `line ${lineAt(comma)}: nothing follows the comma; leave it out`;
  const [, index] = /at position (\d+)/.exec(String(error)) ?? [];
  return index === undefined ? String(error) : `line ${lineAt(Number(index))}: ${String(error)}`;
}
