import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { given, missingFileWarning } from '../lib/settings/sources';
import { parseSettings } from '../lib/settings/parser';
import { SETTINGS } from '../lib/settings/definitions';

const read = (values: Record<string, unknown>, cliRegion?: string) =>
  parseSettings([{ where: 'context', values }], cliRegion);

function fault(values: Record<string, unknown>, cliRegion?: string): string {
  try {
    read(values, cliRegion);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(values)} passed`);
}

test('every setting passes its own example and its own default', () => {
  for (const [name, setting] of Object.entries(SETTINGS)) {
    assert.notEqual(setting.read(setting.example), undefined, name);
    if (setting.fallback !== undefined) {
      assert.deepEqual(setting.read(setting.fallback), setting.fallback, name);
    }
  }
});

test('a value out of range is told with the rule, its source and what would pass', () => {
  assert.equal(
    fault({ retentionHours: '12' }),
    'context: retentionHours is "12"; expected a whole number from 24 to 8760 (Kinesis Data ' +
      'Streams, quotas), for example 168',
  );
});

test('a setting that does not exist is told with the nearest one', () => {
  assert.equal(
    fault({ retention_hours: 24 }),
    'context: there is no setting retention_hours; did you mean retentionHours?',
  );
});

test('a name that is near to no setting is told where all of them are', () => {
  assert.equal(
    fault({ foo: '1' }),
    'context: there is no setting foo; docs/deploy.md#settings has all of them',
  );
});

test('all faults are told at once', () => {
  assert.equal(fault({ batchSize: 0, parallelization: 11, stge: 'x' }).split('\n').length, 3);
});

test('a number may be given as text, as on the command line', () => {
  assert.equal(read({ batchSize: '250' }).batchSize, 250);
  assert.equal(read({ eventAgeMaxDays: 30 }).eventAgeMaxDays, '30');
  assert.equal(read({ batchRetries: '-1' }).batchRetries, -1);
  for (const wrong of ['', ' 250', '2.5', '1e3', '-1', 2.5, Number.NaN, null, true]) {
    assert.match(fault({ batchSize: wrong }), /batchSize is/);
  }
});

test('a list is given with commas or as a list', () => {
  assert.deepEqual(read({ tillClients: 'north, south' }).tillClients, ['north', 'south']);
  assert.deepEqual(read({ tillClients: ['north', 'south'] }).tillClients, ['north', 'south']);
  assert.match(fault({ tillClients: 'north,south,north' }), /, and "north" comes twice; expected/);
  assert.match(fault({ tillClients: ['north', 'South'] }), /, and "South" is none; expected/);
  assert.match(fault({ tillClients: ['north', 7] }), /, and 7 is none; expected/);
  assert.match(fault({ tillClients: 7 }), /tillClients is 7; expected at most 49 different names/);
  assert.match(fault({ tillClients: [] }), /nobody could send events/);
});

test('there is room for as many till groups as API Gateway has audiences, less the analysts', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `group-${String(at)}`);
  assert.equal(read({ tillClients: names(49) }).tillClients.length, 49);
  assert.match(
    fault({ tillClients: names(50) }),
    /, and 50 are more than 49; .*50 audiences per authorizer/,
  );
});

test('a stage whose name AWS would refuse somewhere is refused here', () => {
  for (const stage of ['Prod', '1st', 'my-stage', 'myawsstage', 'a'.repeat(17), '']) {
    assert.match(fault({ stage }), /stage is/);
  }
});

test('a provisioned stream needs shards, and only that has them', () => {
  assert.match(fault({ streamMode: 'provisioned' }), /without streamShards/);
  assert.match(fault({ streamShards: 2 }), /has no fixed shards/);
  assert.equal(read({ streamMode: 'provisioned', streamShards: 2 }).streamShards, 2);
});

test('a batch is put aside before the stream forgets it', () => {
  assert.match(
    fault({ retentionHours: 24, batchAgeSeconds: 86_400 }),
    /set batchAgeSeconds below 86400/,
  );
});

test('client certificates need a domain, and a domain needs a certificate', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  const truststore = SETTINGS.truststore.example;
  assert.match(fault({ domainName }), /belong together/);
  assert.match(fault({ truststore }), /without domainName/);
  assert.match(fault({ truststoreVersion: '1' }), /without truststore/);
  assert.equal(read({ domainName, certificateArn, truststore }).truststore, truststore);
});

test('a certificate is of the region that is deployed to, where that is said', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  assert.match(
    fault({ domainName, certificateArn, region: 'us-east-1' }),
    /^certificateArn is of eu-central-1, but region is "us-east-1"; .* set region=eu-central-1$/,
  );
  assert.equal(read({ domainName, certificateArn, region: 'eu-central-1' }).region, 'eu-central-1');
  assert.equal(read({ domainName, certificateArn }).region, undefined);
});

test('the region of the AWS CLI is held against the rules where no setting says another', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  assert.match(fault({}, 'cn-north-1'), /has no Cognito user pools/);
  assert.match(fault({ domainName, certificateArn }, 'us-east-1'), /ask for one in us-east-1/);
  assert.equal(read({}, 'eu-central-1').region, undefined);
  assert.equal(read({ region: 'eu-central-1' }, 'cn-north-1').region, 'eu-central-1');
});

test('a certificate of ownership is for client certificates, and of the same region', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  const truststore = SETTINGS.truststore.example;
  const own = { domainName, certificateArn, ownershipCertificateArn: certificateArn };
  assert.match(fault(own), /ownershipCertificateArn is given without truststore/);
  const elsewhere = certificateArn.replace('eu-central-1', 'us-east-1');
  assert.match(
    fault({ ...own, truststore, ownershipCertificateArn: elsewhere }, 'eu-central-1'),
    /^ownershipCertificateArn is of us-east-1/,
  );
  assert.equal(read({ ...own, truststore }, 'eu-central-1').truststore, truststore);
});

test('a region that does not exist, or has no Cognito, is refused', () => {
  assert.match(fault({ region: 'eu-centrl-1' }), /which CDK does not know/);
  assert.match(fault({ region: 'cn-north-1' }), /has no Cognito user pools/);
  assert.equal(read({ region: 'eu-central-1' }).region, 'eu-central-1');
});

function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'daymark-settings-'));
  writeFileSync(join(folder, name), text);
  return folder;
}

test("a stage's file is read, and the command line comes before it", () => {
  const folder = folderWith('large.json', '{ "batchSize": 500, "parallelization": 4 }');
  const app = new App({ context: { stage: 'large', parallelization: '10' } });
  const settings = parseSettings(given(app, folder));
  assert.equal(settings.batchSize, 500);
  assert.equal(settings.parallelization, 10);
});

test("CDK's own context is not taken for settings", () => {
  const app = new App({
    context: {
      '@aws-cdk/aws-iam:minimizePolicies': true,
      'aws:cdk:enable-path-metadata': true,
      'acknowledged-issue-numbers': [34892],
      'cli-telemetry': false,
    },
  });
  assert.equal(parseSettings(given(app, '/nonexistent')).stage, 'dev');
});

test('a file that is no JSON object is told by its name', () => {
  const context = { stage: 'broken' };
  for (const text of ['{', '[]', '7']) {
    const folder = folderWith('broken.json', text);
    assert.throws(() => given(new App({ context }), folder), /broken\.json: /);
  }
});

test('a comma too many is told with its line', () => {
  const context = { stage: 'broken' };
  for (const text of ['{\n  "batchSize": 500,\n}\n', '{ "tillClients":\n["north",]}']) {
    const folder = folderWith('broken.json', text);
    assert.throws(
      () => given(new App({ context }), folder),
      /broken\.json: line 2: nothing follows the comma; leave it out$/,
    );
  }
});

test('a stage without a file is told, with those that have one', () => {
  const folder = folderWith('prod.json', '{}');
  assert.equal(missingFileWarning(folder, 'prod'), undefined);
  assert.match(
    missingFileWarning(folder, 'prdo') ?? '',
    /prdo\.json does not exist: .* there are: prod$/,
  );
});

test('a file of one stage does not make another, with what only the first may lose', () => {
  const folder = folderWith('dev.json', '{ "keepData": false, "stage": "prod" }');
  assert.throws(() => given(new App(), folder), /dev\.json: stage is "prod".* leave stage out$/);
});

/** The app as `cdk` starts it. */
function started(context: Record<string, string>) {
  const app = resolve(__dirname, '../bin/daymark.js');
  const env = { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) };
  return spawnSync(process.execPath, [app], { env, encoding: 'utf8' });
}

test('what is wrong ends the synthesis with its message and nothing else', () => {
  const { status, stderr } = started({ stage: 'dev', batchSize: '0' });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'context: batchSize is "0"; expected a whole number from 1 to 10000 (AWS Lambda, ' +
      'CreateEventSourceMapping), for example 100\n',
  );
});

test('a stage that may be mistyped is synthesized, and said to have no file', () => {
  const { status, stderr } = started({ stage: 'prdo', binaries: 'none' });
  assert.equal(status, 0);
  assert.match(stderr, /settings\/prdo\.json does not exist: .* there are: dev/);
});
