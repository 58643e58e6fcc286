/** Folders of tests, below `dist/`: nothing is written outside the clone. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { resolve, join } from 'node:path';
import { BINARIES } from '../lib/binaries';

const SCRATCH = resolve(__dirname, '../scratch');

/** Instruction sets in the header of an ELF file. */
export const MACHINES = { x86_64: 0x3e, arm64: 0xb7 } as const;

/** Creates an empty folder. */
export function scratchFolder(): string {
  mkdirSync(SCRATCH, { recursive: true });
  return mkdtempSync(join(SCRATCH, 'test-'));
}

/** Returns the beginning of an ELF file with an `e_machine`. */
export function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

/** Creates a folder with these binaries. */
export function folderOf(binaries: Record<string, Buffer>): string {
  const folder = scratchFolder();
  for (const [binary, content] of Object.entries(binaries)) {
    mkdirSync(join(folder, binary));
    writeFileSync(join(folder, binary, 'bootstrap'), content);
  }
  return folder;
}

/** Returns every binary with the same content. */
export function allBinaries(content: Buffer): Record<string, Buffer> {
  return Object.fromEntries(Object.values(BINARIES).map((binary) => [binary, content]));
}
