/** The Rust binaries: built, built for the wrong machine, or not built at all. */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';

/** The Lambda functions, each with the binary that it runs. */
export const BINARIES = {
  ingest: 'ingest-lambda',
  'stock-processor': 'processor-lambda',
  pricing: 'pricing-lambda',
  'pricing-schedule': 'pricing-schedule-lambda',
  'day-close': 'day-close-lambda',
  'day-close-schedule': 'day-close-schedule-lambda',
  token: 'token-lambda',
  'offers-api': 'offers-lambda',
} as const;

export type FunctionName = keyof typeof BINARIES;

export type Architecture = 'arm64' | 'x86_64';

/** Binaries that cannot be deployed. */
export class BinariesError extends Error {}

/** ELF's `e_machine`. Source: System V ABI, AArch64 and x86-64 supplements. */
const MACHINES: Record<number, Architecture> = { 62: 'x86_64', 183: 'arm64' };

/** Stands in for binaries where none is built. */
const PLACEHOLDER = resolve(__dirname, '../../placeholder');

export class Binaries {
  /** None is built: the template can be looked at, and refuses to be deployed. */
  readonly areMissing: boolean;

  /**
   * @throws BinariesError when only some are built, or for another architecture.
   */
  constructor(
    private readonly folder: string,
    architecture: Architecture,
  ) {
    const binaries = Object.values(BINARIES);
    const missing = binaries.filter((binary) => !existsSync(this.bootstrap(binary)));
    const command = `./lambdas --arch ${architecture} in the repository's root`;
    this.areMissing = missing.length === binaries.length;
    if (this.areMissing) return;
    if (missing.length > 0) {
      throw new BinariesError(
        `${folder}: ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not built, the ` +
          `others are; all of one build are deployed together. Run ${command}`,
      );
    }
    for (const binary of binaries) {
      const found = machineOf(this.bootstrap(binary));
      if (found !== architecture) {
        throw new BinariesError(
          `${this.bootstrap(binary)}: built for ${found}, but the setting architecture is ` +
            `${architecture}. Run ${command}, or set the architecture`,
        );
      }
    }
  }

  /** What a function runs. */
  code(name: FunctionName): Code {
    return Code.fromAsset(this.areMissing ? PLACEHOLDER : join(this.folder, BINARIES[name]));
  }

  private bootstrap(binary: string): string {
    return join(this.folder, binary, 'bootstrap');
  }
}

/** What machine a file is for: its ELF header says. */
export function machineOf(path: string): string {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF') return 'no Linux machine (it is no ELF file)';
  const machine = header.readUInt16LE(18);
  return MACHINES[machine] ?? `another machine (ELF e_machine ${machine})`;
}
