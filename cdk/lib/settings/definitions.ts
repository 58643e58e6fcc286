/** Settings of a deployment. The table in `docs/deploy.md` is generated from them. */

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { TRAFFIC_SHIFTS } from '../delivery/traffic-shift';
import { PRICING_DELAY_MAX_SECONDS, STORED_WITHIN_SECONDS } from '../slot';
import {
  flag,
  oneNumberOf,
  oneWordOf,
  text,
  textList,
  wholeNumber,
  type Setting,
} from './setting-types';
import { isCallbackUrl, isOrigin } from './web-addresses';

/** Retention periods of CloudWatch Logs, without the unlimited one. */
const RETENTIONS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
) as RetentionDays[];

const CERTIFICATE = {
  form: /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
  rule: 'the ARN of a certificate in AWS Certificate Manager',
  example: 'arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
};

/** All settings, in the order of the documentation. */
export const SETTINGS = {
  stage: text({
    meaning: 'Name of the deployment; an account may hold several',
    form: /^(?!.*(aws|amazon|cognito))[a-z][a-z0-9]{0,15}$/,
    rule: '1 to 16 of a-z and 0-9, the first a letter, without aws, amazon or cognito in it',
    source: 'prefix of all names; Cognito domain prefixes',
    fallback: 'dev',
    example: 'prod',
  }),
  region: text({
    meaning: 'Region of the deployment; if not set, the region of the AWS CLI',
    form: /^[a-z]{2}(-[a-z]+)+-\d$/,
    rule: 'the name of an AWS region',
    source: '`aws account list-regions`',
    example: 'eu-central-1',
  }),
  keepData: flag({
    meaning:
      'Protects stack, tables and users from deletion; `cdk destroy` retains tables, stream, ' +
      'failed batches, users, logs and key',
    source: 'CloudFormation deletion policies',
    fallback: true,
  }),
  architecture: oneWordOf(['arm64', 'x86_64'], {
    meaning: 'Instruction set of the binaries; `arm64` costs a fifth less',
    source: 'AWS Lambda, instruction sets',
    fallback: 'arm64',
  }),
  binaries: text({
    meaning: 'Folder of the binaries that `./lambdas` builds, relative to `cdk/`',
    form: /./,
    rule: 'a path',
    source: 'cargo-lambda',
    fallback: '../target/lambda',
  }),
  emulated: flag({
    meaning: 'Omits the resources that MiniStack refuses; never for AWS',
    source: '`lib/emulator.ts`',
    fallback: false,
  }),
  logRetentionDays: oneNumberOf(RETENTIONS, {
    meaning: 'Retention of logs, in days',
    source: 'CloudWatch Logs, PutRetentionPolicy',
    fallback: RetentionDays.ONE_MONTH,
  }),

  streamMode: oneWordOf(['on-demand', 'provisioned'], {
    meaning: 'Capacity of the stream: scaled by Kinesis, or fixed by `streamShards`',
    source: 'Kinesis Data Streams, capacity modes',
    fallback: 'on-demand',
  }),
  streamShards: wholeNumber({
    meaning: 'Shards of a provisioned stream; each takes 1,000 records and 1 MiB a second',
    source: 'Kinesis Data Streams, quotas',
    min: 1,
    max: 20_000,
    example: '2',
  }),
  retentionHours: wholeNumber({
    meaning: 'Retention of events in the stream, in hours',
    source: 'Kinesis Data Streams, quotas',
    min: 24,
    max: 8_760,
    fallback: 168,
  }),
  batchSize: wholeNumber({
    meaning: 'Maximum records in a batch of the stock processor; a record holds up to 400 events',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 1,
    max: 10_000,
    fallback: 100,
  }),
  batchWindowSeconds: wholeNumber({
    meaning:
      'Maximum wait of the stock processor for a full batch; a longer wait costs less and delays ' +
      `the stock. At least ${STORED_WITHIN_SECONDS} s shorter than \`pricingDelaySeconds\``,
    source: '`lib/slot.ts`',
    min: 0,
    max: PRICING_DELAY_MAX_SECONDS - STORED_WITHIN_SECONDS,
    fallback: 1,
  }),
  parallelization: wholeNumber({
    meaning: 'Concurrent batches of a shard',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 1,
    max: 10,
    fallback: 1,
  }),
  batchRetries: wholeNumber({
    meaning:
      'Retries of a failing batch before it is stored in S3; with -1, only `batchAgeSeconds` ' +
      'limits them',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: -1,
    max: 10_000,
    // Lambda does not document its delay between retries. Without a limit on their number, a table
    // that is unavailable for an hour loses no batch.
    fallback: -1,
  }),
  batchAgeSeconds: wholeNumber({
    meaning: 'Maximum age of the events of a failing batch before it is stored in S3',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 60,
    max: 604_800,
    fallback: 21_600,
  }),
  failedBatchDays: wholeNumber({
    meaning: 'Retention of failed batches in S3, in days; `daymark redrive` replays them',
    source: 'Daymark',
    min: 1,
    max: 3_650,
    fallback: 90,
  }),
  eventAgeMaxDays: text({
    meaning:
      'Maximum age of an event, in days; 7 if not set. Dates more than eight days ago are closed ' +
      'by hand (`daymark days --close`). Below `stockLogDays`; `any` needs `stockLogDays=forever`',
    form: /^([1-9]|[1-9]\d|[1-3]\d\d|any)$/,
    rule: 'a whole number of days from 1 to 399, or any',
    source: '`aws/src/settings.rs`',
    example: '30',
  }),
  stockLogDays: text({
    meaning:
      'Retention of events in the stock log, in days after their date; a change applies to the ' +
      'events that come after it',
    form: /^([6-9]\d|[1-9]\d{2,3}|forever)$/,
    rule: 'a whole number of days from 60 to 9999, or forever',
    source: 'Daymark, histories read 56 dates',
    fallback: '90',
  }),

  throttleRate: wholeNumber({
    meaning: 'Requests a second that the API accepts; further requests get 429, and tills retry',
    source: 'API Gateway, account quotas',
    min: 1,
    max: 100_000,
    fallback: 100,
  }),
  throttleBurst: wholeNumber({
    meaning: 'Requests that the API accepts at once',
    source: 'API Gateway, account quotas',
    min: 1,
    max: 50_000,
    fallback: 200,
  }),
  corsOrigins: textList({
    meaning:
      'Origins of web pages that may call the API from a browser, such as `https://till.example`; ' +
      'without any, no page may',
    form: isOrigin,
    max: 20,
    rule:
      'at most 20 different origins as a browser sends them: https, the name of a host in lower ' +
      'case, a port from 1 to 65535 unless it is 443, and no path; http only for localhost',
    source: 'URL Standard, origin; RFC 1123, names of hosts',
    fallback: [],
    example: 'https://till.example',
  }),
  tillClients: textList({
    meaning: 'Groups of tills, each with its own client id and secret',
    form: /^[a-z][a-z0-9-]{0,30}$/,
    max: 49,
    rule: 'at most 49 different names of 1 to 31 of a-z, 0-9 and -, the first a letter',
    source: 'API Gateway, 50 audiences per authorizer; one is for analysts',
    fallback: ['tills'],
    example: 'north,south',
  }),
  readerClients: textList({
    meaning: 'Programs that read offers and figures, each with its own client id and secret',
    form: /^[a-z][a-z0-9-]{0,30}$/,
    max: 48,
    rule: 'at most 48 different names of 1 to 31 of a-z, 0-9 and -, the first a letter',
    source: 'API Gateway, 50 audiences per authorizer, together with `tillClients` and analysts',
    fallback: [],
    example: 'reports',
  }),
  tillTokenHours: wholeNumber({
    meaning:
      "Validity of a till's access token, in hours; Cognito charges for each token, and a revoked " +
      'grant ends with the last one',
    source: 'Cognito, access token expiration',
    min: 1,
    max: 24,
    fallback: 12,
  }),
  analystCallbackUrls: textList({
    meaning: 'Addresses to which analysts return after they have signed in',
    form: isCallbackUrl,
    max: 100,
    rule:
      'at most 100 different addresses with https, or http on localhost, without a fragment ' +
      'and a user name',
    source: 'Amazon Cognito, app client callback URLs',
    fallback: ['http://localhost:8400/callback'],
    example: 'https://reports.example.com/signed-in',
  }),
  domainName: text({
    meaning: 'Custom domain of the API',
    form: /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    rule: 'a domain name in lower case',
    source: 'API Gateway, custom domain names',
    example: 'daymark.example.com',
  }),
  certificateArn: text({
    meaning: 'Certificate of `domainName`, in the region of the deployment',
    ...CERTIFICATE,
    source: 'API Gateway, custom domain names',
  }),
  truststore: text({
    meaning: 'Certificate authorities for mutual TLS; the API then requires client certificates',
    form: /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/\S+$/,
    rule: 'the S3 address of a PEM file',
    source: 'API Gateway, mutual TLS for HTTP APIs',
    example: 's3://example-truststore/tills.pem',
  }),
  truststoreVersion: text({
    meaning:
      'Version of the object `truststore`; API Gateway reads a changed file only if the version ' +
      'changes',
    form: /^[\w.+/=-]{1,1024}$/,
    rule: 'the version id of an object in a bucket with versioning',
    source: 'API Gateway, updating your truststore',
    example: 'uiNbZzLsR3pPyCnzxGkZ1Lp0PHnlCX0v',
  }),
  ownershipCertificateArn: text({
    meaning:
      'Public certificate issued by ACM that proves the ownership of the domain; for `truststore` ' +
      'with a `certificateArn` that is imported or of a private authority',
    ...CERTIFICATE,
    source: 'API Gateway, mutual TLS for HTTP APIs',
  }),

  pricingDelaySeconds: wholeNumber({
    meaning:
      'Time from the end of a slot until its stores are priced, in which its last events are ' +
      'stored',
    source: '`lib/slot.ts`',
    min: STORED_WITHIN_SECONDS,
    max: PRICING_DELAY_MAX_SECONDS,
    fallback: 20,
  }),
  pricingConcurrency: wholeNumber({
    meaning: 'Stores that are priced concurrently',
    source: 'AWS Lambda, SQS maximum concurrency',
    min: 2,
    max: 1_000,
    fallback: 10,
  }),
  dayCloseConcurrency: wholeNumber({
    meaning: 'Stores that are rolled up or closed concurrently',
    source: 'AWS Lambda, SQS maximum concurrency',
    min: 2,
    max: 1_000,
    fallback: 10,
  }),
  ingestReserved: reservedConcurrency('ingest'),
  stockProcessorReserved: reservedConcurrency('stock-processor'),
  ingestMemory: memory('ingest', 512),
  stockProcessorMemory: memory('stock-processor', 1_024),
  pricingMemory: memory('pricing', 1_024),
  dayCloseMemory: memory('day-close', 1_024),

  alarmEmails: textList({
    meaning: 'E-mail addresses that receive alarms; each must confirm once',
    form: /^[^@\s,]+@[^@\s,]+\.[^@\s,]+$/,
    max: 20,
    rule: 'at most 20 different e-mail addresses',
    source: 'Amazon SNS, e-mail subscriptions',
    fallback: [],
    example: 'ops@example.com',
  }),
  runbook: text({
    meaning: 'Address of RUNBOOK.md, to which alarms refer',
    form: /^\S{1,500}$/,
    rule: 'an address of at most 500 characters',
    source: 'CloudWatch, PutMetricAlarm',
    fallback: 'RUNBOOK.md',
    example: 'https://wiki.example.com/daymark/RUNBOOK.md',
  }),
  offersArchiveDays: wholeNumber({
    meaning: 'Retention of offers in the archive of the bus, in days',
    source: 'EventBridge, archives',
    min: 1,
    max: 3_650,
    fallback: 30,
  }),
  offersConsumer: flag({
    meaning: 'Adds a topic and a queue that receive all offers, as an example of a subscriber',
    source: '`lib/offer-events`',
    fallback: true,
  }),
  trafficShift: oneWordOf(TRAFFIC_SHIFTS, {
    meaning: 'Shift of traffic to a new version of a function',
    source: 'CodeDeploy, deployment configurations',
    fallback: 'canary-10-percent-5-minutes',
  }),
  releaseCheck: flag({
    meaning:
      'Checks a new version before it gets traffic; `false` is for a single deployment that ' +
      'repairs what the check would fail at',
    source: '`docs/release.md`',
    fallback: true,
  }),
  loadImage: text({
    meaning:
      'Image of `daymark` in Amazon ECR, in the account and region of the deployment; adds what ' +
      'runs the parts of a load run on Fargate (`docs/load.md`)',
    form: /^[a-z0-9]+([._/-][a-z0-9]+)*:[A-Za-z0-9_][\w.-]{0,127}$/,
    rule: 'the name of a repository, a colon and a tag',
    source: 'Amazon ECR, repository names',
    example: 'daymark-load:1',
  }),
  tuning: flag({
    meaning: 'Adds test copies of the functions, which `daymark tune measure` invokes',
    source: '`docs/tuning.md`',
    fallback: false,
  }),
  pipelineRepository: text({
    meaning: 'Repository whose pushes are built, tested and deployed by a separate stack',
    form: /^[\w.-]+\/[\w.-]+$/,
    rule: 'the owner and the name of a repository',
    source: 'AWS CodePipeline, source actions',
    example: 'example/daymark',
  }),
  pipelineConnection: text({
    meaning: 'Connection to `pipelineRepository`, which is created once in the console',
    form: /^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/\S+$/,
    rule: 'the ARN of a connection in AWS CodeConnections',
    source: 'AWS CodeConnections',
    example: 'arn:aws:codeconnections:eu-central-1:123456789012:connection/12345678-1234-1234',
  }),
  pipelineBranch: text({
    meaning: 'Branch that is deployed',
    form: /^[\w./-]{1,255}$/,
    rule: 'the name of a branch',
    source: 'AWS CodePipeline, source actions',
    fallback: 'main',
  }),
  pipelineApproval: flag({
    meaning: 'Requires an approval before each deployment',
    source: 'AWS CodePipeline, approval actions',
    fallback: true,
  }),
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** Values of all settings. */
export type Settings = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

function memory(name: string, fallback: number): Setting<number> {
  return wholeNumber({
    meaning: `Memory of \`${name}\` in MB; 1,769 MB come with one vCPU`,
    source: 'AWS Lambda, quotas',
    min: 128,
    max: 10_240,
    fallback,
  });
}

function reservedConcurrency(name: string): Setting<number | undefined> {
  return wholeNumber({
    meaning: `Reserved concurrency of \`${name}\`, which is also its maximum`,
    source: 'AWS Lambda, reserved concurrency',
    min: 1,
    max: 100_000,
    example: '100',
  });
}
