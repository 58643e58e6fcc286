import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { template } from './template';

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const OF_STREAM = { EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Stream'), 'Arn'] } };

test('the stream scales by itself, unless shards are given', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', {
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    ShardCount: Match.absent(),
  });
  template({ streamMode: 'provisioned', streamShards: 8 }).hasResourceProperties(
    'AWS::Kinesis::Stream',
    { StreamModeDetails: { StreamMode: 'PROVISIONED' }, ShardCount: 8 },
  );
});

test('events are encrypted by a key of ours, which rotates', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', {
    StreamEncryption: {
      EncryptionType: 'KMS',
      KeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] },
    },
  });
  template().hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
});

test('the stream keeps events as long as it is told', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', { RetentionPeriodHours: 168 });
  template({ retentionHours: 8760 }).hasResourceProperties('AWS::Kinesis::Stream', {
    RetentionPeriodHours: 8760,
  });
});

test('what came before the mapping is read as well', () => {
  template().hasResourceProperties(MAPPING, { ...OF_STREAM, StartingPosition: 'TRIM_HORIZON' });
});

test('the mapping calls the alias, so that a deployment can shift it', () => {
  template().hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    FunctionName: { 'Fn::Join': ['', [Match.anyValue(), ':live']] },
  });
});

test('a batch that fails is tried from the failure on, halved, and put aside whole in S3', () => {
  template().hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: -1,
    MaximumRecordAgeInSeconds: 21_600,
    DestinationConfig: {
      OnFailure: {
        Destination: {
          'Fn::GetAtt': [Match.stringLikeRegexp('^StockProcessorFailedBatches'), 'Arn'],
        },
      },
    },
  });
});

test('batches are cut as the settings say', () => {
  const values = { batchSize: 1000, batchWindowSeconds: 5, parallelization: 10, batchRetries: 7 };
  template(values).hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    BatchSize: 1000,
    MaximumBatchingWindowInSeconds: 5,
    ParallelizationFactor: 10,
    MaximumRetryAttempts: 7,
  });
});

test('the mapping counts events, for what the function never sees', () => {
  template().hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    MetricsConfig: { Metrics: ['EventCount'] },
  });
});

test('batches that were put aside are encrypted, private, and kept as long as told', () => {
  template({ failedBatchDays: 30 }).hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        Match.objectLike({
          ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: 'aws:kms' }),
        }),
      ],
    },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 30 })] },
  });
});

test('who comes to the batches without TLS is turned away', () => {
  template().hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: Match.objectLike({
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: 'Deny',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      ]),
    }),
  });
});
