/** Rules between settings. */

import { STORED_WITHIN_SECONDS } from '../slot';
import type { Settings } from './definitions';
import { regionProblem } from './regions';

/** Yields the broken rules. `region` is the region of the deployment if it is known. */
export function* conflictsIn(
  settings: Settings,
  region: string | undefined,
): Generator<string, void> {
  const { streamMode, streamShards, retentionHours, batchAgeSeconds } = settings;
  const { domainName, truststore, tillClients } = settings;
  for (const [one, other] of [
    ['pipelineRepository', 'pipelineConnection'],
    ['domainName', 'certificateArn'],
  ] as const) {
    if ((settings[one] === undefined) !== (settings[other] === undefined)) {
      yield `${one} and ${other} belong together; give both or neither`;
    }
  }
  const problem = region === undefined ? undefined : regionProblem(region);
  if (problem !== undefined) yield problem;
  if (streamMode === 'provisioned' && streamShards === undefined) {
    yield 'streamMode is "provisioned" without streamShards; add for example streamShards=2';
  }
  if (streamMode === 'on-demand' && streamShards !== undefined) {
    yield (
      `streamShards is ${streamShards}, but streamMode is "on-demand", which has no fixed ` +
      'shards; leave streamShards out, or set streamMode=provisioned'
    );
  }
  if (batchAgeSeconds >= retentionHours * 3_600) {
    yield (
      `batchAgeSeconds is ${batchAgeSeconds}, but with retentionHours=${retentionHours} the ` +
      'stream drops the records before the batch is stored in S3; set batchAgeSeconds below ' +
      String(retentionHours * 3_600)
    );
  }
  yield* conflictsWithQuotas(settings);
  yield* conflictsOfStockLog(settings);
  for (const name of ['certificateArn', 'ownershipCertificateArn'] as const) {
    const certificateRegion = settings[name]?.split(':')[3];
    if (region === undefined || certificateRegion === undefined) continue;
    if (region !== certificateRegion) {
      yield (
        `${name} is of ${certificateRegion}, but region is "${region}"; API Gateway takes ` +
        `certificates of its own region: request one in ${region}, or set ` +
        `region=${certificateRegion}`
      );
    }
  }
  if (settings.ownershipCertificateArn !== undefined && truststore === undefined) {
    yield (
      'ownershipCertificateArn is given without truststore; only mutual TLS needs it: give ' +
      'both, or leave it out'
    );
  }
  if (truststore !== undefined && domainName === undefined) {
    yield (
      'truststore is given without domainName; API Gateway requires client certificates only ' +
      'at a custom domain: give domainName and certificateArn as well'
    );
  }
  if (truststore !== undefined && settings.corsOrigins.length > 0) {
    yield (
      'corsOrigins and truststore exclude one another; a browser sends no client certificate ' +
      'with a preflight request (Fetch Standard, CORS protocol and credentials), so that ' +
      'API Gateway would refuse every page (API Gateway, mutual TLS for HTTP APIs): leave one ' +
      'of them out'
    );
  }
  if (settings.truststoreVersion !== undefined && truststore === undefined) {
    yield 'truststoreVersion is given without truststore; give both, or leave it out';
  }
  yield* conflictsOfLoadRuns(settings);
  yield* conflictsOfClients(settings);
  if (tillClients.length === 0) {
    yield 'tillClients is empty, so no till could send events; give for example tillClients=tills';
  }
}

/** Audiences of an authorizer. Source: API Gateway, quotas for HTTP APIs. */
const AUDIENCES_MAX = 50;

/** Yields the rules that the names of clients break together. */
function* conflictsOfClients(settings: Settings): Generator<string, void> {
  const { tillClients, readerClients } = settings;
  // One is for analysts.
  const most = AUDIENCES_MAX - 1;
  const count = tillClients.length + readerClients.length;
  if (tillClients.length <= most && count > most) {
    yield (
      `tillClients and readerClients are ${count} names, but API Gateway compares a token with ` +
      `at most ${AUDIENCES_MAX} clients, one of them for analysts; leave ${count - most} out`
    );
  }
  const both = readerClients.find((name) => tillClients.includes(name) || name === 'analysts');
  if (both !== undefined) {
    yield (
      `readerClients has ${JSON.stringify(both)}, which is the name of another client; ` +
      'give it another one'
    );
  }
}

/** Default of `eventAgeMaxDays`: `EVENT_AGE_MAX` in `domain/src/limits.rs`. */
const EVENT_AGE_MAX_DAYS = '7';

/** Yields the settings by which events are in the stock log too late, or not long enough. */
function* conflictsOfStockLog(settings: Settings): Generator<string, void> {
  const { batchWindowSeconds, pricingDelaySeconds, stockLogDays } = settings;
  const windowMax = pricingDelaySeconds - STORED_WITHIN_SECONDS;
  if (batchWindowSeconds > windowMax) {
    yield (
      `batchWindowSeconds is ${batchWindowSeconds}, but with pricingDelaySeconds=` +
      `${pricingDelaySeconds} stores are priced before the last events of the slot are in the ` +
      `stock log: these may take ${STORED_WITHIN_SECONDS} s longer than the window; set ` +
      `batchWindowSeconds to at most ${windowMax}, or pricingDelaySeconds to at least ` +
      String(batchWindowSeconds + STORED_WITHIN_SECONDS)
    );
  }
  const { eventAgeMaxDays = EVENT_AGE_MAX_DAYS } = settings;
  if (stockLogDays === 'forever') return;
  if (eventAgeMaxDays === 'any') {
    yield (
      `stockLogDays is ${stockLogDays}, but eventAgeMaxDays=any accepts events that the stock ` +
      'log no longer keeps; set stockLogDays=forever, or eventAgeMaxDays below ' +
      stockLogDays
    );
  } else if (Number(stockLogDays) <= Number(eventAgeMaxDays)) {
    yield (
      `stockLogDays is ${stockLogDays}, but eventAgeMaxDays=${eventAgeMaxDays} accepts events ` +
      'that the stock log no longer keeps; set stockLogDays to at least ' +
      `${Number(eventAgeMaxDays) + 1}, or eventAgeMaxDays below ${stockLogDays}`
    );
  }
}

/** Words with one of which the name of a stage for tests begins: `src/load/connection.rs`. */
const TEST_WORDS = ['test', 'load', 'perf', 'dev', 'stag'];

/** Yields the settings by which every load run on Fargate would fail. */
function* conflictsOfLoadRuns(settings: Settings): Generator<string, void> {
  const { loadImage, stage, truststore } = settings;
  if (loadImage === undefined) return;
  if (!TEST_WORDS.some((word) => stage.startsWith(word))) {
    yield (
      `loadImage is given, but stage "${stage}" does not begin with a word for tests ` +
      `(${TEST_WORDS.join(', ')}), so that a load run would refuse it: its events would count as ` +
      'stock; leave loadImage out, or load another stage'
    );
  }
  if (truststore !== undefined) {
    yield (
      'loadImage and truststore exclude one another; the tasks have no client certificate, so ' +
      'that API Gateway would refuse them: leave one of them out'
    );
  }
}

/** Requests a second that an execution environment serves. */
const REQUESTS_PER_ENVIRONMENT = 10;
/** Records a second that a shard takes. */
const RECORDS_PER_SHARD = 1_000;

/** Yields the settings of which one could never be used up, because a quota limits the other. */
function* conflictsWithQuotas(settings: Settings): Generator<string, void> {
  const { throttleRate, ingestReserved, streamShards } = settings;
  const { stockProcessorReserved, parallelization } = settings;
  if (ingestReserved !== undefined && throttleRate > ingestReserved * REQUESTS_PER_ENVIRONMENT) {
    yield (
      `throttleRate is ${throttleRate}, but with ingestReserved=${ingestReserved} Lambda serves ` +
      `${ingestReserved * REQUESTS_PER_ENVIRONMENT} requests a second: ten for each reserved ` +
      'execution environment (AWS Lambda, quotas); set ingestReserved to at least ' +
      `${Math.ceil(throttleRate / REQUESTS_PER_ENVIRONMENT)}, or throttleRate to at most ` +
      String(ingestReserved * REQUESTS_PER_ENVIRONMENT)
    );
  }
  if (streamShards === undefined) return;
  if (throttleRate > streamShards * RECORDS_PER_SHARD) {
    yield (
      `throttleRate is ${throttleRate}, but streamShards=${streamShards} take ` +
      `${streamShards * RECORDS_PER_SHARD} records a second: 1,000 for each shard (Kinesis Data ` +
      `Streams, quotas), and a request is at least one; set streamShards to at least ` +
      `${Math.ceil(throttleRate / RECORDS_PER_SHARD)}, or throttleRate to at most ` +
      String(streamShards * RECORDS_PER_SHARD)
    );
  }
  const batches = streamShards * parallelization;
  if (stockProcessorReserved !== undefined && stockProcessorReserved > batches) {
    yield (
      `stockProcessorReserved is ${stockProcessorReserved}, but streamShards=${streamShards} and ` +
      `parallelization=${parallelization} make at most ${batches} concurrent batches: one for ` +
      'each shard, times the factor (AWS Lambda, ParallelizationFactor); set ' +
      `stockProcessorReserved to at most ${batches}`
    );
  }
}
