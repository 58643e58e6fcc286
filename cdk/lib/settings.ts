/** Everything that an operator may choose, with its rule; `docs/deploy.md` is tested against it. */

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { flag, numberOf, optionalWhole, type Setting, text, whole, word } from './setting';

/** What CloudWatch Logs knows, without "for ever". */
const RETENTIONS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
) as RetentionDays[];

/** In the order of the documentation. */
export const SETTINGS = {
  stage: text({
    meaning: 'Names this deployment; one account may hold several',
    form: /^(?!.*(aws|amazon|cognito))[a-z][a-z0-9]{0,15}$/,
    rule: '1 to 16 of a-z and 0-9, the first a letter, without aws, amazon or cognito in it',
    source: 'names of all resources; Cognito domain prefixes',
    fallback: 'dev',
    example: 'prod',
  }),
  architecture: word({
    meaning: 'What the binaries were built for; `arm64` costs a fifth less',
    source: 'AWS Lambda instruction sets',
    of: ['arm64', 'x86_64'],
    fallback: 'arm64',
  }),
  binaries: text({
    meaning: 'The folder where `./lambdas` puts the binaries, seen from `cdk/`',
    form: /^.+$/,
    rule: 'a path',
    source: 'cargo-lambda',
    fallback: '../target/lambda',
    example: '../target/lambda',
  }),
  emulated: flag({
    meaning: 'Leaves out what MiniStack refuses (`lib/emulated.ts`); never for AWS',
    source: 'lib/emulated.ts',
    fallback: false,
  }),
  keepData: flag({
    meaning:
      'Deletion protection for tables and users; `cdk destroy` leaves tables, stream, batches, ' +
      'logs and key',
    source: 'CloudFormation deletion policies',
    fallback: true,
  }),
  logRetentionDays: numberOf({
    meaning: 'How long logs are kept',
    source: 'CloudWatch Logs, PutRetentionPolicy',
    of: RETENTIONS,
    fallback: RetentionDays.ONE_MONTH,
  }),
  streamMode: word({
    meaning: 'Whether Kinesis scales by itself or has `streamShards`',
    source: 'Kinesis Data Streams capacity modes',
    of: ['on-demand', 'provisioned'],
    fallback: 'on-demand',
  }),
  streamShards: optionalWhole({
    meaning: 'Shards of a provisioned stream; each takes 1,000 records and 1 MiB a second',
    source: 'Kinesis Data Streams quotas',
    min: 1,
    max: 20_000,
    example: 2,
  }),
  retentionHours: whole({
    meaning: 'How long the stream keeps events',
    source: 'Kinesis Data Streams quotas',
    min: 24,
    max: 8_760,
    fallback: 168,
  }),
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** What this deployment is told. */
export type Settings = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

/** Settings that break rules; one line for each. */
export class SettingsError extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** What is given, by name, and where it stands. */
export interface Given {
  readonly where: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads the settings; of a name that is given twice, the last one holds.
 *
 * @throws SettingsError with every fault.
 */
export function readSettings(given: readonly Given[]): Settings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) values[name] = setting.fallback;
  for (const { where, values: some } of given) {
    for (const [name, value] of Object.entries(some)) {
      const setting: Setting<unknown> | undefined = isSetting(name) ? SETTINGS[name] : undefined;
      if (!setting) {
        faults.push(`${where}: there is no setting ${name}; did you mean ${nearest(name)}?`);
        continue;
      }
      values[name] = setting.read(value);
      if (values[name] === undefined) {
        faults.push(
          `${where}: ${name} is ${JSON.stringify(value)}; expected ${setting.rule} ` +
            `(${setting.source}), for example ${setting.example}`,
        );
      }
    }
  }
  if (faults.length === 0) faults.push(...contradictions(values as unknown as Settings));
  if (faults.length > 0) throw new SettingsError(faults);
  return values as unknown as Settings;
}

/** Rules between settings. */
function contradictions(settings: Settings): string[] {
  const faults: string[] = [];
  const { streamMode, streamShards } = settings;
  if (streamMode === 'provisioned' && streamShards === undefined) {
    faults.push('streamMode is "provisioned" without streamShards; add for example streamShards=2');
  }
  if (streamMode === 'on-demand' && streamShards !== undefined) {
    faults.push(
      `streamShards is ${streamShards}, but streamMode is "on-demand", which has no fixed shards; ` +
        'leave streamShards out or set streamMode=provisioned',
    );
  }
  return faults;
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

function nearest(name: string): string {
  const distances = Object.keys(SETTINGS).map((known) => ({ known, far: distance(name, known) }));
  distances.sort((a, b) => a.far - b.far);
  return distances[0]?.known ?? '';
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
