/** Everything that an operator may choose, with its rule; `docs/deploy.md` is tested against it. */

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { TRAFFIC_SHIFTS } from '../delivery/traffic-shift';
import {
  flag,
  numberOf,
  optionalText,
  optionalWhole,
  text,
  texts,
  whole,
  word,
  type Setting,
} from './schemas';

/** What CloudWatch Logs knows, without "for ever". */
const RETENTIONS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
) as RetentionDays[];

/** A certificate, as it is given. */
const CERTIFICATE = {
  form: /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
  rule: 'the ARN of a certificate in AWS Certificate Manager',
  example: 'arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012',
};

/** In the order of the documentation. */
export const SETTINGS = {
  stage: text({
    meaning: 'Names this deployment; one account may hold several',
    form: /^(?!.*(aws|amazon|cognito))[a-z][a-z0-9]{0,15}$/,
    rule: '1 to 16 of a-z and 0-9, the first a letter, without aws, amazon or cognito in it',
    source: 'all names begin with it; Cognito domain prefixes',
    fallback: 'dev',
    example: 'prod',
  }),
  region: optionalText({
    meaning: 'The region to deploy to; otherwise the one that the AWS CLI is configured for',
    form: /^[a-z]{2}(-[a-z]+)+-\d$/,
    rule: 'the name of an AWS region',
    source: '`aws account list-regions`',
    example: 'eu-central-1',
  }),
  keepData: flag({
    meaning:
      'Deletion protection for stack, tables and users; `cdk destroy` leaves tables, stream, ' +
      'failed batches, users, logs and key',
    source: 'CloudFormation deletion policies',
    fallback: true,
  }),
  architecture: word({
    meaning: 'What the binaries are built for; `arm64` costs a fifth less',
    source: 'AWS Lambda, instruction sets',
    of: ['arm64', 'x86_64'],
    fallback: 'arm64',
  }),
  binaries: text({
    meaning: 'Where `./lambdas` puts the binaries, seen from `cdk/`',
    form: /./,
    rule: 'a path',
    source: 'cargo-lambda',
    fallback: '../target/lambda',
    example: '../target/lambda',
  }),
  emulated: flag({
    meaning: 'Leaves out what MiniStack refuses; never for AWS',
    source: '`lib/emulator.ts`',
    fallback: false,
  }),
  logRetentionDays: numberOf({
    meaning: 'How long logs are kept',
    source: 'CloudWatch Logs, PutRetentionPolicy',
    of: RETENTIONS,
    fallback: RetentionDays.ONE_MONTH,
  }),

  streamMode: word({
    meaning: 'Whether Kinesis scales by itself or has `streamShards`',
    source: 'Kinesis Data Streams, capacity modes',
    of: ['on-demand', 'provisioned'],
    fallback: 'on-demand',
  }),
  streamShards: optionalWhole({
    meaning: 'Shards of a provisioned stream; each takes 1,000 records and 1 MiB a second',
    source: 'Kinesis Data Streams, quotas',
    min: 1,
    max: 20_000,
    example: 2,
  }),
  retentionHours: whole({
    meaning: 'How long the stream keeps events',
    source: 'Kinesis Data Streams, quotas',
    min: 24,
    max: 8_760,
    fallback: 168,
  }),
  batchSize: whole({
    meaning: 'Most records that the stock processor takes at once; a record holds up to 400 events',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 1,
    max: 10_000,
    fallback: 100,
  }),
  batchWindowSeconds: whole({
    meaning: 'How long the stock processor waits for a batch to fill; longer is cheaper and later',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 0,
    max: 300,
    fallback: 1,
  }),
  parallelization: whole({
    meaning: 'Batches of one shard at once',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 1,
    max: 10,
    fallback: 1,
  }),
  batchRetries: whole({
    meaning:
      'How often a failing batch is tried again before it is put aside in S3; with -1 only ' +
      '`batchAgeSeconds` counts',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: -1,
    max: 10_000,
    // Lambda does not say how fast it tries again: a table that is away for an hour loses none.
    fallback: -1,
  }),
  batchAgeSeconds: whole({
    meaning: 'How old the events of a failing batch may get before it is put aside in S3',
    source: 'AWS Lambda, CreateEventSourceMapping',
    min: 60,
    max: 604_800,
    fallback: 21_600,
  }),
  failedBatchDays: whole({
    meaning: 'How long batches that were put aside are kept; `daymark redrive` feeds them back',
    source: 'ours',
    min: 1,
    max: 3_650,
    fallback: 90,
  }),
  eventAgeMaxDays: optionalText({
    meaning:
      'How old an event may be: 7 days when not set; dates more than eight days back are closed ' +
      'by hand (`daymark days --close`); with `any`, rows never expire',
    form: /^([1-9]|[1-9]\d|[1-3]\d\d|any)$/,
    rule: 'a whole number of days from 1 to 399, after which rows expire, or any',
    source: '`aws/src/settings.rs`',
    example: '30',
  }),

  throttleRate: whole({
    meaning: 'Requests a second that the API takes; more get 429, and tills send again',
    source: 'API Gateway, account quotas',
    min: 1,
    max: 100_000,
    fallback: 100,
  }),
  throttleBurst: whole({
    meaning: 'Requests that the API takes at once',
    source: 'API Gateway, account quotas',
    min: 1,
    max: 50_000,
    fallback: 200,
  }),
  tillClients: texts({
    meaning: 'Groups of tills, each with an id and secret of its own',
    form: /^[a-z][a-z0-9-]{0,30}$/,
    max: 49,
    rule: 'at most 49 different names of 1 to 31 of a-z, 0-9 and -, the first a letter',
    source: 'API Gateway, 50 audiences per authorizer; one is for analysts',
    fallback: ['tills'],
    example: 'north,south',
  }),
  tillTokenHours: whole({
    meaning:
      "How long a till's token is good for; Cognito charges for each, and a grant that is taken " +
      'back holds as long',
    source: 'Cognito, access token expiration',
    min: 1,
    max: 24,
    fallback: 12,
  }),
  analystCallbackUrls: texts({
    meaning: 'Where analysts come back to after they have signed in',
    form: /^(https:\/\/\S+|http:\/\/localhost(:\d+)?(\/\S*)?)$/,
    max: 100,
    rule: 'at most 100 different addresses with https, or http on localhost',
    source: 'Amazon Cognito, app client callback URLs',
    fallback: ['http://localhost:8400/callback'],
    example: 'https://reports.example.com/signed-in',
  }),
  domainName: optionalText({
    meaning: 'A domain of yours for the API',
    form: /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    rule: 'a domain name in lower case',
    source: 'API Gateway, custom domain names',
    example: 'daymark.example.com',
  }),
  certificateArn: optionalText({
    meaning: "The domain's certificate, in the same region",
    ...CERTIFICATE,
    source: 'API Gateway, custom domain names',
  }),
  truststore: optionalText({
    meaning: 'The authorities whose client certificates are asked for: mutual TLS',
    form: /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/\S+$/,
    rule: 'the S3 address of a PEM file',
    source: 'API Gateway, mutual TLS for HTTP APIs',
    example: 's3://example-truststore/tills.pem',
  }),
  truststoreVersion: optionalText({
    meaning: 'Its version in S3; API Gateway reads a changed file only when this changes',
    form: /^[\w.+/=-]{1,1024}$/,
    rule: 'the version id of an object in a bucket with versioning',
    source: 'API Gateway, updating your truststore',
    example: 'uiNbZzLsR3pPyCnzxGkZ1Lp0PHnlCX0v',
  }),
  ownershipCertificateArn: optionalText({
    meaning:
      'With `truststore`, and where `certificateArn` is imported or of a private authority: a ' +
      'public certificate that ACM issued, which shows that the domain is yours',
    ...CERTIFICATE,
    source: 'API Gateway, mutual TLS for HTTP APIs',
  }),

  pricingConcurrency: whole({
    meaning: 'Stores that are priced at once',
    source: 'AWS Lambda, SQS maximum concurrency',
    min: 2,
    max: 1_000,
    fallback: 10,
  }),
  dayCloseConcurrency: whole({
    meaning: 'Stores that are closed at once',
    source: 'AWS Lambda, SQS maximum concurrency',
    min: 2,
    max: 1_000,
    fallback: 10,
  }),
  ingestReserved: optionalWhole({
    meaning: 'Instances that `ingest` has for itself and never exceeds',
    source: 'AWS Lambda, reserved concurrency',
    min: 1,
    max: 100_000,
    example: 100,
  }),
  stockProcessorReserved: optionalWhole({
    meaning: 'Instances that `stock-processor` has for itself and never exceeds',
    source: 'AWS Lambda, reserved concurrency',
    min: 1,
    max: 100_000,
    example: 100,
  }),
  ingestMemory: memory('ingest', 512),
  stockProcessorMemory: memory('stock-processor', 1_024),
  pricingMemory: memory('pricing', 1_024),
  dayCloseMemory: memory('day-close', 1_024),

  alarmEmails: texts({
    meaning: 'Who is told of alarms; each address has to confirm once',
    form: /^[^@\s,]+@[^@\s,]+\.[^@\s,]+$/,
    max: 20,
    rule: 'at most 20 different e-mail addresses',
    source: 'Amazon SNS, e-mail subscriptions',
    fallback: [],
    example: 'ops@example.com',
  }),
  runbook: text({
    meaning: 'Where RUNBOOK.md can be read; alarms point there',
    form: /^\S{1,500}$/,
    rule: 'an address of at most 500 characters',
    source: 'CloudWatch, PutMetricAlarm',
    fallback: 'RUNBOOK.md',
    example: 'https://wiki.example.com/daymark/RUNBOOK.md',
  }),
  offersArchiveDays: whole({
    meaning: 'How long the bus keeps offers, to replay them',
    source: 'EventBridge, archives',
    min: 1,
    max: 3_650,
    fallback: 30,
  }),
  offersConsumer: flag({
    meaning: 'A topic and a queue that take all offers, as an example of a subscriber',
    source: '`lib/offer-events`',
    fallback: true,
  }),
  trafficShift: word({
    meaning: 'How a new version of a function gets traffic',
    source: 'CodeDeploy, deployment configurations',
    of: TRAFFIC_SHIFTS,
    fallback: 'canary-10-percent-5-minutes',
  }),
  releaseCheck: flag({
    meaning:
      'Whether a new version is tried before it gets traffic; off for a single deployment that ' +
      'mends what the try would fail at',
    source: '`docs/release.md`',
    fallback: true,
  }),
  pipelineRepository: optionalText({
    meaning: 'A repository whose pushes are built, tested and deployed, by a stack of its own',
    form: /^[\w.-]+\/[\w.-]+$/,
    rule: 'the owner and the name of a repository',
    source: 'AWS CodePipeline, source actions',
    example: 'example/daymark',
  }),
  pipelineConnection: optionalText({
    meaning: 'The connection to it, which is made once in the console',
    form: /^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/\S+$/,
    rule: 'the ARN of a connection in AWS CodeConnections',
    source: 'AWS CodeConnections',
    example: 'arn:aws:codeconnections:eu-central-1:123456789012:connection/12345678-1234-1234',
  }),
  pipelineBranch: text({
    meaning: 'The branch that is deployed',
    form: /^[\w./-]{1,255}$/,
    rule: 'the name of a branch',
    source: 'AWS CodePipeline, source actions',
    fallback: 'main',
    example: 'main',
  }),
  pipelineApproval: flag({
    meaning: 'Whether somebody is asked before each deployment',
    source: 'AWS CodePipeline, approval actions',
    fallback: true,
  }),
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** What this deployment is told. */
export type Settings = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

function memory(name: string, fallback: number): Setting<number> {
  return whole({
    meaning: `Megabytes of \`${name}\`; CPU comes with them, a whole one at 1,769`,
    source: 'AWS Lambda, quotas',
    min: 128,
    max: 10_240,
    fallback,
  });
}
