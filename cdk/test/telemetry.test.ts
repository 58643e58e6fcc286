import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

const FOLDER = resolve(__dirname, '../..');

test('the cdk command sends no telemetry from this folder', () => {
  const env = {
    ...process.env,
    CDK_DISABLE_CLI_TELEMETRY: 'false',
    CDK_HOME: process.env.HOME,
    // If the test fails, nothing is sent either.
    TELEMETRY_ENDPOINT: '',
  };
  const program = resolve(FOLDER, 'node_modules/.bin/cdk');
  const words = ['cli-telemetry', '--status'];
  const { stdout, stderr } = spawnSync(program, words, { cwd: FOLDER, env, encoding: 'utf8' });
  assert.match(stdout + stderr, /CLI Telemetry is disabled/);
});
