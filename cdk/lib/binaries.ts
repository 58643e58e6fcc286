/** Rust binaries of the Lambda functions. */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Settings } from './settings/definitions';

/** Binary of each Lambda function. */
export const BINARIES = {
  ingest: 'ingest-lambda',
  'stock-processor': 'processor-lambda',
  pricing: 'pricing-lambda',
  'pricing-schedule': 'pricing-schedule-lambda',
  'day-close': 'day-close-lambda',
  'day-close-schedule': 'day-close-schedule-lambda',
  token: 'token-lambda',
  'offers-api': 'offers-lambda',
  'figures-api': 'figures-lambda',
} as const;

export type FunctionName = keyof typeof BINARIES;

/** Error of binaries that cannot be deployed. */
export class BinariesError extends Error {}

/** Architectures by ELF's `e_machine`. Source: System V ABI, AArch64 and x86-64 supplements. */
const ARCHITECTURES: Record<number, Settings['architecture']> = { 62: 'x86_64', 183: 'arm64' };

/** Folder of the code that replaces the binaries if none is built. */
const PLACEHOLDER = resolve(__dirname, '../../placeholder');

export class Binaries {
  /** `true` if no binary is built: CloudFormation then refuses to deploy the template. */
  readonly areMissing: boolean;

  /**
   * Checks the binaries in a folder.
   *
   * @throws BinariesError if only some are built, or if one is built for another architecture.
   */
  constructor(
    private readonly folder: string,
    architecture: Settings['architecture'],
  ) {
    const binaries = Object.values(BINARIES);
    const missing = binaries.filter((binary) => !existsSync(this.bootstrap(binary)));
    const command = `./lambdas --arch ${architecture} in the repository's root`;
    this.areMissing = missing.length === binaries.length;
    if (this.areMissing) return;
    if (missing.length > 0) {
      throw new BinariesError(
        `${folder}: ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not built, the ` +
          `others are; all binaries of one build are deployed together. Run ${command}`,
      );
    }
    for (const binary of binaries) {
      const found = architectureOf(this.bootstrap(binary));
      if (found !== architecture) {
        throw new BinariesError(
          `${this.bootstrap(binary)}: built for ${found}, but the setting architecture is ` +
            `${architecture}. Run ${command}, or set the architecture`,
        );
      }
    }
  }

  /** Returns the code of a function. */
  code(name: FunctionName): Code {
    return Code.fromAsset(this.areMissing ? PLACEHOLDER : join(this.folder, BINARIES[name]));
  }

  private bootstrap(binary: string): string {
    return join(this.folder, binary, 'bootstrap');
  }
}

/** Returns the architecture in the ELF header of a file, or a description of another file. */
function architectureOf(path: string): string {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF') return 'no Linux machine (it is no ELF file)';
  const machine = header.readUInt16LE(18);
  return ARCHITECTURES[machine] ?? `another machine (ELF e_machine ${machine})`;
}
