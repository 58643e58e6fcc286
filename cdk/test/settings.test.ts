import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { missingFileWarning, readSources } from '../lib/settings/sources';
import { parseSettings } from '../lib/settings/parser';
import { SETTINGS } from '../lib/settings/definitions';
import { settingsOfLargeChain } from './matrix/combinations';
import { scratchFolder } from './scratch';

const read = (values: Record<string, unknown>, cliRegion?: string) =>
  parseSettings([{ where: 'context', values }], cliRegion);

function errorOf(values: Record<string, unknown>, cliRegion?: string): string {
  try {
    read(values, cliRegion);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(values)} passed`);
}

test('every setting passes its own example and its own default', () => {
  for (const [name, setting] of Object.entries(SETTINGS)) {
    assert.ok(setting.schema.safeParse(setting.example).success, name);
    assert.deepEqual(setting.schema.parse(setting.fallback), setting.fallback, name);
    assert.deepEqual(setting.schema.parse(undefined), setting.fallback, name);
  }
});

test('an error names the value, the rule, its source and a permitted value', () => {
  assert.equal(
    errorOf({ retentionHours: '12' }),
    'context: retentionHours is "12"; expected a whole number from 24 to 8760 (Kinesis Data ' +
      'Streams, quotas), for example 168',
  );
});

test('the error for an unknown setting suggests the nearest name', () => {
  assert.equal(
    errorOf({ retention_hours: 24 }),
    'context: there is no setting retention_hours; did you mean retentionHours?',
  );
});

test('the error for an unknown setting without a near name refers to the list of settings', () => {
  assert.equal(
    errorOf({ foo: '1' }),
    'context: there is no setting foo; docs/deploy.md#settings lists all settings',
  );
});

test('all errors are reported at once', () => {
  assert.equal(errorOf({ batchSize: 0, parallelization: 11, stge: 'x' }).split('\n').length, 3);
});

test('a number may be given as text, as on the command line', () => {
  assert.equal(read({ batchSize: '250' }).batchSize, 250);
  assert.equal(read({ eventAgeMaxDays: 30 }).eventAgeMaxDays, '30');
  assert.equal(read({ batchRetries: '-1' }).batchRetries, -1);
  for (const wrong of ['', ' 250', '2.5', '1e3', '-1', 2.5, Number.NaN, null, true]) {
    assert.match(errorOf({ batchSize: wrong }), /batchSize is/);
  }
});

test('a list is an array, or text with commas', () => {
  assert.deepEqual(read({ tillClients: 'north, south' }).tillClients, ['north', 'south']);
  assert.deepEqual(read({ tillClients: ['north', 'south'] }).tillClients, ['north', 'south']);
  assert.match(
    errorOf({ tillClients: 'north,south,north' }),
    /, and "north" is repeated; expected/,
  );
  assert.match(
    errorOf({ tillClients: ['north', 'South'] }),
    /, and "South" is not permitted; expected/,
  );
  assert.match(errorOf({ tillClients: ['north', 7] }), /, and 7 is not permitted; expected/);
  assert.match(
    errorOf({ tillClients: 7 }),
    /tillClients is 7; expected at most 49 different names/,
  );
  assert.match(errorOf({ tillClients: [] }), /no till could send events/);
});

test('an origin of a page is one that a browser sends', () => {
  const origins = ['https://till.example', 'https://shop.example:8443', 'http://localhost:5173'];
  assert.deepEqual(read({ corsOrigins: origins }).corsOrigins, origins);
  for (const wrong of [
    ...['*', 'null', 'till', 'https://', 'https://*', 'https://*.example', 'https://-'],
    ...['http://till.example', 'http://localhost.example', 'ftp://localhost', 'file:///till'],
    ...['https://till.example/', 'https://till.example?', 'https://user@till.example'],
    ...['https://Till.example', 'HTTPS://till.example', 'https://till.example.'],
    ...['https://till.example:443', 'http://localhost:80', 'https://till.example:'],
    ...['https://till.example:99999', 'https://till.example:port', 'https://till.example:08443'],
    ...['https://till-.example', 'https://till..example', 'https://till_1.example'],
    ...['https://1', 'https://läden.example', `https://${'a'.repeat(64)}.example`],
  ]) {
    assert.match(
      errorOf({ corsOrigins: [wrong] }),
      /is not permitted; expected at most 20 different origins as a browser sends them: https, /,
      wrong,
    );
  }
});

test('an address after the sign-in has https, or is on this machine', () => {
  const urls = ['https://reports.example/signed-in?from=a', 'http://localhost:8400/callback'];
  assert.deepEqual(read({ analystCallbackUrls: urls }).analystCallbackUrls, urls);
  for (const wrong of [
    ...['https://-', 'https://reports.example:99999/', 'https://reports.example/#result'],
    ...['http://reports.example/', 'http://localhost.example/', 'https://a@reports.example/'],
  ]) {
    assert.match(errorOf({ analystCallbackUrls: [wrong] }), /is not permitted; expected/, wrong);
  }
});

test('pages of other origins and client certificates exclude one another', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  const truststore = SETTINGS.truststore.example;
  const corsOrigins = SETTINGS.corsOrigins.example;
  assert.match(
    errorOf({ domainName, certificateArn, truststore, corsOrigins }),
    /^corsOrigins and truststore exclude one another; .* \(Fetch Standard, .* leave one of them out$/,
  );
  const alone = read({ domainName, certificateArn, corsOrigins });
  assert.deepEqual(alone.corsOrigins, [corsOrigins]);
});

test('the names of all clients differ and fit into the audiences of API Gateway', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `group-${String(at)}`);
  assert.deepEqual(read({ readerClients: 'reports' }).readerClients, ['reports']);
  assert.match(
    errorOf({ tillClients: names(48), readerClients: 'reports,planning' }),
    /are 50 names, .* leave 1 out/,
  );
  for (const name of ['tills', 'analysts']) {
    assert.match(errorOf({ readerClients: name }), /which is the name of another client/);
  }
});

test('there may be as many groups of tills as API Gateway has audiences, less the analysts', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `group-${String(at)}`);
  assert.equal(read({ tillClients: names(49) }).tillClients.length, 49);
  assert.match(
    errorOf({ tillClients: names(50) }),
    /, and 50 entries exceed 49; .*50 audiences per authorizer/,
  );
});

test('a stage is refused if an AWS service would refuse a name with it', () => {
  for (const stage of ['Prod', '1st', 'my-stage', 'myawsstage', 'a'.repeat(17), '']) {
    assert.match(errorOf({ stage }), /stage is/);
  }
});

test('a provisioned stream needs shards, and no other stream may have them', () => {
  assert.match(errorOf({ streamMode: 'provisioned' }), /without streamShards/);
  assert.match(errorOf({ streamShards: 2 }), /has no fixed shards/);
  assert.equal(read({ streamMode: 'provisioned', streamShards: 2 }).streamShards, 2);
});

test('a failing batch is stored in S3 before the stream drops it', () => {
  assert.match(
    errorOf({ retentionHours: 24, batchAgeSeconds: 86_400 }),
    /set batchAgeSeconds below 86400/,
  );
});

test('the last events of a slot are in the stock log before the slot is priced', () => {
  assert.match(
    errorOf({ batchWindowSeconds: 11 }),
    /^batchWindowSeconds is 11, but with pricingDelaySeconds=20 .* stock log: .* 10 s longer .*; set batchWindowSeconds to at most 10, or pricingDelaySeconds to at least 21$/,
  );
  assert.equal(read({ batchWindowSeconds: 10 }).pricingDelaySeconds, 20);
  assert.match(errorOf({ pricingDelaySeconds: 10 }), /set batchWindowSeconds to at most 0, or/);
  assert.equal(read({ pricingDelaySeconds: 40, batchWindowSeconds: 30 }).batchWindowSeconds, 30);
  assert.equal(read({ pricingDelaySeconds: 80, batchWindowSeconds: 70 }).batchWindowSeconds, 70);
  // Longer delays leave no time for three attempts within the slot.
  assert.match(errorOf({ batchWindowSeconds: 71 }), /expected a whole number from 0 to 70/);
  assert.match(errorOf({ pricingDelaySeconds: 81 }), /expected a whole number from 10 to 80/);
});

test('the documented settings for ten thousand stores use the longest window of the usual delay', () => {
  const { batchWindowSeconds, pricingDelaySeconds } = read(settingsOfLargeChain());
  assert.deepEqual([batchWindowSeconds, pricingDelaySeconds], [10, 20]);
});

test('the stock log keeps events for the dates of a history, and at most for ever', () => {
  assert.equal(read({}).stockLogDays, '90');
  for (const good of [60, '90', 400, 9_999, 'forever']) {
    assert.equal(read({ stockLogDays: good }).stockLogDays, String(good));
  }
  for (const wrong of ['0', '59', '060', '10000', '-90', '90.5', 'any', 'never', '']) {
    assert.match(
      errorOf({ stockLogDays: wrong }),
      /^context: stockLogDays is .*; expected a whole number of days from 60 to 9999, or forever \(Daymark, histories read 56 dates\), for example 90$/,
      wrong,
    );
  }
});

test('the stock log keeps an event that is accepted', () => {
  assert.match(
    errorOf({ eventAgeMaxDays: 90 }),
    /^stockLogDays is 90, but eventAgeMaxDays=90 accepts .* to at least 91, or eventAgeMaxDays below 90$/,
  );
  assert.equal(read({ eventAgeMaxDays: 89 }).stockLogDays, '90');
  assert.equal(read({ eventAgeMaxDays: 399, stockLogDays: 400 }).stockLogDays, '400');
  assert.match(
    errorOf({ eventAgeMaxDays: 'any' }),
    /^stockLogDays is 90, but eventAgeMaxDays=any .*; set stockLogDays=forever, or eventAgeMaxDays below 90$/,
  );
  const kept = read({ eventAgeMaxDays: 'any', stockLogDays: 'forever' });
  assert.equal(kept.eventAgeMaxDays, 'any');
});

test('the API accepts no more requests than the reserved concurrency of ingest serves', () => {
  assert.match(
    errorOf({ throttleRate: 5_000, ingestReserved: 300 }),
    /^throttleRate is 5000, .* 3000 requests a second: ten .* \(AWS Lambda, quotas\); set ingestReserved to at least 500, or throttleRate to at most 3000$/,
  );
  assert.equal(read({ throttleRate: 5_000, ingestReserved: 500 }).ingestReserved, 500);
});

test('the API accepts no more requests than the shards of the stream take', () => {
  const provisioned = { streamMode: 'provisioned', throttleRate: 2_500 };
  assert.match(
    errorOf({ ...provisioned, streamShards: 2 }),
    /^throttleRate is 2500, .* \(Kinesis Data Streams, quotas\).* set streamShards to at least 3, or throttleRate to at most 2000$/,
  );
  assert.equal(read({ ...provisioned, streamShards: 3 }).streamShards, 3);
});

test('the stock processor reserves no more than the stream has batches at once', () => {
  const provisioned = { streamMode: 'provisioned', streamShards: 4, parallelization: 10 };
  assert.match(
    errorOf({ ...provisioned, stockProcessorReserved: 41 }),
    /^stockProcessorReserved is 41, .* at most 40 concurrent batches: .* \(AWS Lambda, ParallelizationFactor\); set stockProcessorReserved to at most 40$/,
  );
  assert.equal(read({ ...provisioned, stockProcessorReserved: 40 }).stockProcessorReserved, 40);
});

test('the documented settings for ten thousand stores obey every rule, with the shards of a new stream', () => {
  const settings = read(settingsOfLargeChain());
  assert.ok(settings.ingestReserved);
  // An on-demand stream begins with four shards. Source: Kinesis Data Streams, capacity modes.
  const streamShards = 4;
  const asProvisioned = { ...settingsOfLargeChain(), streamMode: 'provisioned', streamShards };
  assert.equal(read(asProvisioned).streamShards, streamShards);
});

test('client certificates need a domain, and a domain needs a certificate', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  const truststore = SETTINGS.truststore.example;
  assert.match(errorOf({ domainName }), /belong together/);
  assert.match(errorOf({ truststore }), /without domainName/);
  assert.match(errorOf({ truststoreVersion: '1' }), /without truststore/);
  assert.equal(read({ domainName, certificateArn, truststore }).truststore, truststore);
});

test('a certificate must be of the region of the deployment', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  assert.match(
    errorOf({ domainName, certificateArn, region: 'us-east-1' }),
    /^certificateArn is of eu-central-1, but region is "us-east-1"; .* set region=eu-central-1$/,
  );
  assert.equal(read({ domainName, certificateArn, region: 'eu-central-1' }).region, 'eu-central-1');
  assert.equal(read({ domainName, certificateArn }).region, undefined);
});

test('the rules on regions apply to the region of the AWS CLI if no setting names another', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  assert.match(errorOf({}, 'cn-north-1'), /has no Cognito user pools/);
  assert.match(errorOf({ domainName, certificateArn }, 'us-east-1'), /request one in us-east-1/);
  assert.equal(read({}, 'eu-central-1').region, undefined);
  assert.equal(read({ region: 'eu-central-1' }, 'cn-north-1').region, 'eu-central-1');
});

test('a certificate of ownership needs client certificates, and is of the same region', () => {
  const domainName = SETTINGS.domainName.example;
  const certificateArn = SETTINGS.certificateArn.example;
  const truststore = SETTINGS.truststore.example;
  const own = { domainName, certificateArn, ownershipCertificateArn: certificateArn };
  assert.match(errorOf(own), /ownershipCertificateArn is given without truststore/);
  const elsewhere = certificateArn.replace('eu-central-1', 'us-east-1');
  assert.match(
    errorOf({ ...own, truststore, ownershipCertificateArn: elsewhere }, 'eu-central-1'),
    /^ownershipCertificateArn is of us-east-1/,
  );
  assert.equal(read({ ...own, truststore }, 'eu-central-1').truststore, truststore);
});

test('a region that does not exist or has no Cognito is refused', () => {
  assert.match(errorOf({ region: 'eu-centrl-1' }), /which CDK does not know/);
  assert.match(errorOf({ region: 'cn-north-1' }), /has no Cognito user pools/);
  assert.equal(read({ region: 'eu-central-1' }).region, 'eu-central-1');
});

function folderWith(name: string, text: string): string {
  const folder = scratchFolder();
  writeFileSync(join(folder, name), text);
  return folder;
}

test('the command line overrides the file of a stage', () => {
  const folder = folderWith('large.json', '{ "batchSize": 500, "parallelization": 4 }');
  const app = new App({ context: { stage: 'large', parallelization: '10' } });
  const settings = parseSettings(readSources(app, folder));
  assert.equal(settings.batchSize, 500);
  assert.equal(settings.parallelization, 10);
});

test('tuned settings hold for every stage until its file or the command line says otherwise', () => {
  const tuned = { tunedOn: '2026-11-30', settings: { pricingMemory: 512, batchSize: 50 } };
  const folder = folderWith('tuned.json', JSON.stringify(tuned));
  writeFileSync(join(folder, 'large.json'), '{ "batchSize": 500 }');
  const parsed = (context: Record<string, string>) =>
    parseSettings(readSources(new App({ context }), folder));
  assert.equal(parsed({}).pricingMemory, 512);
  assert.equal(parsed({}).batchSize, 50);
  assert.equal(parsed({ stage: 'large' }).batchSize, 500);
  assert.equal(parsed({ stage: 'large' }).pricingMemory, 512);
  assert.equal(parsed({ pricingMemory: '256' }).pricingMemory, 256);
  assert.throws(() => parsed({ stage: 'tuned' }), /settings of every stage/);
  assert.match(missingFileWarning(folder, 'other') ?? '', /stages with a file: large$/);
});

test('tuned settings that are none are refused with their file', () => {
  for (const [text, message] of [
    ['{ "pricingMemory": 512 }', /tuned\.json: expected the settings in "settings"/],
    ['{ "settings": { "pricingMemroy": 512 } }', /tuned\.json: .* did you mean pricingMemory\?/],
    ['{ "settings": { "pricingMemory": 64 } }', /tuned\.json: pricingMemory is 64/],
  ] as const) {
    const folder = folderWith('tuned.json', text);
    assert.throws(() => parseSettings(readSources(new App(), folder)), message);
  }
});

test("CDK's own context values are not settings", () => {
  const app = new App({
    context: {
      '@aws-cdk/aws-iam:minimizePolicies': true,
      'aws:cdk:enable-path-metadata': true,
      'acknowledged-issue-numbers': [34892],
      'cli-telemetry': false,
    },
  });
  assert.equal(parseSettings(readSources(app, '/nonexistent')).stage, 'dev');
});

test('the error for a file that is not a JSON object names the file', () => {
  const context = { stage: 'broken' };
  for (const text of ['{', '[]', '7']) {
    const folder = folderWith('broken.json', text);
    assert.throws(() => readSources(new App({ context }), folder), /broken\.json: /);
  }
});

test('the error for a trailing comma names its line', () => {
  const context = { stage: 'broken' };
  for (const text of ['{\n  "batchSize": 500,\n}\n', '{ "tillClients":\n["north",]}']) {
    const folder = folderWith('broken.json', text);
    assert.throws(
      () => readSources(new App({ context }), folder),
      /broken\.json: line 2: nothing follows the comma; leave it out$/,
    );
  }
});

test('the warning for a stage without a file lists the stages with one', () => {
  const folder = folderWith('prod.json', '{}');
  assert.equal(missingFileWarning(folder, 'prod'), undefined);
  assert.match(
    missingFileWarning(folder, 'prdo') ?? '',
    /prdo\.json does not exist: .* with a file: prod$/,
  );
});

test('a file of one stage cannot name another stage', () => {
  const folder = folderWith('dev.json', '{ "keepData": false, "stage": "prod" }');
  assert.throws(
    () => readSources(new App(), folder),
    /dev\.json: stage is "prod".* leave stage out$/,
  );
});

/** Runs the app as the `cdk` command does. */
function run(context: Record<string, string>) {
  const app = resolve(__dirname, '../bin/daymark.js');
  const env = { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) };
  return spawnSync(process.execPath, [app], { env, encoding: 'utf8' });
}

test('a wrong setting ends the synthesis with an error message and nothing else', () => {
  const { status, stderr } = run({ stage: 'dev', batchSize: '0' });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'context: batchSize is "0"; expected a whole number from 1 to 10000 (AWS Lambda, ' +
      'CreateEventSourceMapping), for example 100\n',
  );
});

test('a stage without a file is synthesized with a warning', () => {
  const { status, stderr } = run({ stage: 'prdo', binaries: 'none' });
  assert.equal(status, 0);
  assert.match(stderr, /settings\/prdo\.json does not exist: .* with a file: dev/);
});
