/**
 * `node deploy.js MINISTACK`: deploys the combinations of `assemblies.ts` on the emulator, and lists
 * what only AWS can deploy.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { EMULATED, REAL } from './assemblies';
import { COMBINATIONS, FOLDER } from './combinations';
import { executeLoadRuns, writeTaskEnds } from './load-runs';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const HOME = join(FOLDER, 'dist/matrix/emulator');
const LOG = join(HOME, 'ministack.log');
/** Ends of the tasks that the emulator does not run. */
const TASK_ENDS = join(HOME, 'task-ends.json');
/** Stops the emulator when its input is closed, however this process ends. */
const GUARD = '"$@" & read -r _; kill $!; wait $!';

/** Variables of the emulator and of the `cdk` command: nothing of the caller but the path. */
function environment(url: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME,
    CDK_HOME: HOME,
    TMPDIR: HOME,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    CI: 'true',
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the emulator and waits until it answers. */
async function start(program: string, url: string): Promise<ChildProcess> {
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  const log = openSync(LOG, 'w');
  writeTaskEnds(TASK_ENDS);
  const emulator = spawn('sh', ['-c', GUARD, 'sh', program], {
    env: {
      ...environment(url),
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: new URL(url).port,
      IOT_MTLS_ENABLED: '0',
      MINISTACK_REGION: REGION,
      SFN_MOCK_CONFIG: TASK_ENDS,
      STATE_DIR: join(HOME, 'state'),
      S3_DATA_DIR: join(HOME, 's3'),
    },
    stdio: ['pipe', log, log],
  });
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return emulator;
    await sleep(100);
  }
  emulator.stdin?.end();
  throw new Error(`the emulator does not answer:\n${readFileSync(LOG, 'utf8')}`);
}

/** Runs the `cdk` command as an operator does. */
function cdk(url: string, ...words: string[]): void {
  const program = join(FOLDER, 'node_modules/.bin/cdk');
  const ran = spawnSync(program, words, { cwd: FOLDER, env: environment(url), encoding: 'utf8' });
  if (ran.status !== 0) {
    throw new Error(`cdk ${words.join(' ')} failed:\n${ran.stdout}\n${ran.stderr}`);
  }
}

/** Returns the number of resources of each type in a stack. */
function countByType(assembly: string, stack: string): Map<string, number> {
  const template = new CloudAssembly(assembly).getStackByName(stack).template as {
    Resources: Record<string, { Type: string }>;
  };
  const counts = new Map<string, number>();
  for (const { Type } of Object.values(template.Resources))
    counts.set(Type, (counts.get(Type) ?? 0) + 1);
  return counts;
}

/** Lists the resources of the default stack that an emulated stage lacks, by type. */
function omittedResources(stack: string): string[] {
  const emulated = countByType(EMULATED, stack);
  return [...countByType(REAL, stack)]
    .filter(([type, count]) => count > (emulated.get(type) ?? 0))
    .map(([type, count]) => `${count - (emulated.get(type) ?? 0)} of ${count} ${type}`)
    .sort();
}

async function main(program: string): Promise<void> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const emulator = await start(program, url);
  try {
    cdk(url, 'bootstrap', `aws://${ACCOUNT}/${REGION}`, '--app', '');
    cdk(url, 'deploy', '--all', '--app', EMULATED, '--require-approval', 'never');
    await executeLoadRuns(url, REGION, ACCOUNT);
  } finally {
    emulator.stdin?.end();
  }
  const combinations = Object.entries(COMBINATIONS);
  const deployed = combinations.filter(([, { notDeployed }]) => notDeployed === undefined);
  console.log(`deployed on the emulator: ${deployed.map(([stage]) => stage).join(', ')}`);
  console.log('executed on the emulator: the state machine of load runs, without its tasks');
  for (const [stage, { notDeployed }] of combinations) {
    if (notDeployed !== undefined) console.log(`skipped, linted only: ${stage}: ${notDeployed}`);
  }
  const [[first] = []] = deployed;
  for (const resources of omittedResources(`Daymark-${first}`)) {
    console.log(`skipped in each stage: ${resources}`);
  }
}

void main(process.argv[2] ?? '');
