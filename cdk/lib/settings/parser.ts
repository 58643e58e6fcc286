/** Reads the settings and tells every fault at once. */

import { conflictsIn } from './conflicts';
import type { Setting } from './schemas';
import { SETTINGS, type SettingName, type Settings } from './definitions';

/** Settings that break rules; one line for each. */
export class SettingsError extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** What is given, by name, and where it stands. */
export interface SettingsSource {
  readonly where: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads the settings; of a name that is given twice, the last one holds. `cliRegion` is where the
 * stack goes when no setting says so: it is held against the rules, and is no setting itself.
 *
 * @throws SettingsError with every fault.
 */
export function parseSettings(given: readonly SettingsSource[], cliRegion?: string): Settings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) values[name] = setting.fallback;
  for (const { where, values: some } of given) {
    for (const [name, value] of Object.entries(some)) {
      const setting: Setting<unknown> | undefined = isSetting(name) ? SETTINGS[name] : undefined;
      if (!setting) {
        const near = nearest(name);
        const advice = near ? `did you mean ${near}?` : 'docs/deploy.md#settings has all of them';
        faults.push(`${where}: there is no setting ${name}; ${advice}`);
        continue;
      }
      values[name] = setting.read(value);
      if (values[name] === undefined) {
        const culprit = setting.culprit?.(value);
        const why = culprit === undefined ? '' : `, and ${culprit}`;
        faults.push(
          `${where}: ${name} is ${JSON.stringify(value)}${why}; expected ${setting.rule} ` +
            `(${setting.source}), for example ${setting.example}`,
        );
      }
    }
  }
  if (faults.length === 0) {
    const settings = values as unknown as Settings;
    faults.push(...conflictsIn(settings, settings.region ?? cliRegion));
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return values as unknown as Settings;
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** The setting that a name is a slip of: at most a third of its letters are others. */
function nearest(name: string): string | undefined {
  const distances = Object.keys(SETTINGS).map((known) => ({ known, far: distance(name, known) }));
  const near = distances.filter(({ far }) => far <= name.length / 3);
  near.sort((a, b) => a.far - b.far);
  return near[0]?.known;
}

/** Levenshtein's, without regard to case. */
function distance(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
