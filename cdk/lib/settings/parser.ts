/** Parser of settings, which reports every error at once. */

import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { conflictsIn } from './conflicts';
import { SETTINGS, type SettingName, type Settings } from './definitions';

/** Error of settings that break rules; the message has a line for each broken rule. */
export class SettingsError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Values of settings from one place. */
export interface SettingsSource {
  /** Place of the values, for error messages. */
  readonly where: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const SCHEMA = z.object(
  Object.fromEntries(Object.entries(SETTINGS).map(([name, { schema }]) => [name, schema])),
) as unknown as z.ZodType<Settings>;

/**
 * Parses settings. A later source overrides an earlier one. `cliRegion` is the region of the
 * deployment if no setting names one; the rules between settings apply to it.
 *
 * @throws SettingsError with every broken rule.
 */
export function parseSettings(sources: readonly SettingsSource[], cliRegion?: string): Settings {
  const problems = sources.flatMap((source) => [...unknownNames(source), ...wrongValues(source)]);
  if (problems.length > 0) throw new SettingsError(problems);
  const settings = SCHEMA.parse(Object.assign({}, ...sources.map(({ values }) => values)));
  const conflicts = [...conflictsIn(settings, settings.region ?? cliRegion)];
  if (conflicts.length > 0) throw new SettingsError(conflicts);
  return settings;
}

function unknownNames({ where, values }: SettingsSource): string[] {
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(SETTINGS, name));
  return unknown.map((name) => {
    const near = nearest(name);
    const advice = near ? `did you mean ${near}?` : 'docs/deploy.md#settings lists all settings';
    return `${where}: there is no setting ${name}; ${advice}`;
  });
}

function wrongValues({ where, values }: SettingsSource): string[] {
  // Only the schemas of lists have messages of their own: they name the wrong entry.
  const { error } = SCHEMA.safeParse(values, { error: () => '' });
  const wrong = error ? z.flattenError(error).fieldErrors : {};
  return Object.entries(wrong).map(([name, [entry]]) => {
    const { rule, source, example } = SETTINGS[name as SettingName];
    return (
      `${where}: ${name} is ${JSON.stringify(values[name])}${entry && `, and ${entry}`}; ` +
      `expected ${rule} (${source}), for example ${example}`
    );
  });
}

/** Finds the setting with the nearest name: at most a third of the letters may differ. */
function nearest(name: string): string | undefined {
  const [near] = Object.keys(SETTINGS)
    .map((known) => ({ known, edits: distance(name.toLowerCase(), known.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  return near && near.edits <= name.length / 3 ? near.known : undefined;
}
