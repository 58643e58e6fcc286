import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { template } from './template';

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const OF_STREAM = { EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Stream'), 'Arn'] } };

test('the stream scales on demand unless shards are configured', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', {
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    ShardCount: Match.absent(),
  });
  template({ streamMode: 'provisioned', streamShards: 8 }).hasResourceProperties(
    'AWS::Kinesis::Stream',
    { StreamModeDetails: { StreamMode: 'PROVISIONED' }, ShardCount: 8 },
  );
});

test('events are encrypted with a customer managed key, which rotates', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', {
    StreamEncryption: {
      EncryptionType: 'KMS',
      KeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] },
    },
  });
  template().hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
});

test('a setting limits the retention of events', () => {
  template().hasResourceProperties('AWS::Kinesis::Stream', { RetentionPeriodHours: 168 });
  template({ retentionHours: 8760 }).hasResourceProperties('AWS::Kinesis::Stream', {
    RetentionPeriodHours: 8760,
  });
});

test('events from before the creation of the mapping are read', () => {
  template().hasResourceProperties(MAPPING, { ...OF_STREAM, StartingPosition: 'TRIM_HORIZON' });
});

test('the mapping calls the alias, so that a deployment can shift it', () => {
  template().hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    FunctionName: { 'Fn::Join': ['', [Match.anyValue(), ':live']] },
  });
});

test('a failing batch is retried from the failed record on, bisected, and stored in S3', () => {
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

test('the settings limit batches', () => {
  const values = { batchSize: 1000, batchWindowSeconds: 5, parallelization: 10, batchRetries: 7 };
  template(values).hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    BatchSize: 1000,
    MaximumBatchingWindowInSeconds: 5,
    ParallelizationFactor: 10,
    MaximumRetryAttempts: 7,
  });
});

test('the mapping has metrics of events, which include those that the function never receives', () => {
  template().hasResourceProperties(MAPPING, {
    ...OF_STREAM,
    MetricsConfig: { Metrics: ['EventCount'] },
  });
});

test('failed batches are encrypted and private, and a setting limits their retention', () => {
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

test('failed batches cannot be read without TLS', () => {
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
