import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { Binaries, BINARIES } from '../lib/binaries';
import { template } from './template';

const X86_64 = 0x3e;
const ARM64 = 0xb7;
const RISC_V = 0xf3;

/** Returns the beginning of an ELF file with an `e_machine`. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

function folderOf(binaries: Record<string, Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'daymark-binaries-'));
  for (const [binary, content] of Object.entries(binaries)) {
    mkdirSync(join(folder, binary));
    writeFileSync(join(folder, binary, 'bootstrap'), content);
  }
  return folder;
}

const all = (content: Buffer) =>
  Object.fromEntries(Object.values(BINARIES).map((binary) => [binary, content]));

test('binaries of the configured architecture are accepted', () => {
  assert.equal(new Binaries(folderOf(all(elf(ARM64))), 'arm64').areMissing, false);
  assert.equal(new Binaries(folderOf(all(elf(X86_64))), 'x86_64').areMissing, false);
});

test('a binary of another architecture is refused with the command that builds the right one', () => {
  const folder = folderOf(all(elf(X86_64)));
  assert.throws(
    () => new Binaries(folder, 'arm64'),
    /ingest-lambda\/bootstrap: built for x86_64, but .* is arm64\. Run \.\/lambdas --arch arm64/,
  );
});

test('a file that Lambda cannot run is refused', () => {
  for (const [content, message] of [
    [elf(RISC_V), /e_machine 243/],
    [Buffer.from('#!/bin/sh\n'), /no ELF file/],
    [Buffer.alloc(0), /no ELF file/],
  ] as const) {
    const folder = folderOf({ ...all(elf(ARM64)), 'ingest-lambda': content });
    assert.throws(() => new Binaries(folder, 'arm64'), message);
  }
});

test('missing binaries are named if others are built', () => {
  const built = Object.entries(all(elf(ARM64)));
  const others = built.filter(([binary]) => binary !== 'token-lambda');
  assert.throws(
    () => new Binaries(folderOf(Object.fromEntries(others)), 'arm64'),
    /token-lambda is not built, the others are; .* Run \.\/lambdas --arch arm64/,
  );
});

test('without binaries a template is synthesized, and CloudFormation refuses to deploy it', () => {
  template().templateMatches({
    Rules: {
      BinariesAreBuilt: {
        Assertions: [
          {
            Assert: { 'Fn::Equals': ['built', 'missing'] },
            AssertDescription: Match.stringLikeRegexp('Run ./lambdas'),
          },
        ],
      },
    },
  });
});
