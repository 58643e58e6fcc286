import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { Binaries } from '../lib/binaries';
import { allBinaries, elf, folderOf, MACHINES } from './scratch';
import { template } from './template';

const RISC_V = 0xf3;

test('binaries of the configured architecture are accepted', () => {
  assert.equal(new Binaries(folderOf(allBinaries(elf(MACHINES.arm64))), 'arm64').areMissing, false);
  assert.equal(
    new Binaries(folderOf(allBinaries(elf(MACHINES.x86_64))), 'x86_64').areMissing,
    false,
  );
});

test('a binary of another architecture is refused with the command that builds the right one', () => {
  const folder = folderOf(allBinaries(elf(MACHINES.x86_64)));
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
    const folder = folderOf({ ...allBinaries(elf(MACHINES.arm64)), 'ingest-lambda': content });
    assert.throws(() => new Binaries(folder, 'arm64'), message);
  }
});

test('missing binaries are named if others are built', () => {
  const built = Object.entries(allBinaries(elf(MACHINES.arm64)));
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
