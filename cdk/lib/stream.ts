/** Kinesis stream of events. */

import { Duration } from 'aws-cdk-lib';
import { Stream as KinesisStream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import type { DaymarkFunction } from './daymark-function';
import { viaService } from './key-conditions';
import { acknowledge } from './nag-acknowledgements';
import { removalPolicy } from './removal-policy';

export class Stream extends Construct {
  readonly stream: KinesisStream;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    const isProvisioned = settings.streamMode === 'provisioned';
    this.stream = new KinesisStream(this, 'Stream', {
      streamName: names.stream,
      streamMode: isProvisioned ? StreamMode.PROVISIONED : StreamMode.ON_DEMAND,
      shardCount: settings.streamShards,
      retentionPeriod: Duration.hours(settings.retentionHours),
      encryption: StreamEncryption.KMS,
      encryptionKey: key,
      removalPolicy: removalPolicy(settings),
    });
    acknowledge(this.stream, {
      'AwsSolutions-KDS3':
        'A customer managed key has its own policy and can be disabled. Kinesis uses it every five ' +
        'minutes for each producer, which costs cents.',
    });
    common.alarms.add({
      name: 'stream-throttles',
      metric: this.stream.metricWriteProvisionedThroughputExceeded({
        period: Duration.minutes(1),
        statistic: 'Sum',
      }),
      threshold: 0,
      periods: 5,
      description: 'The stream has refused records for five minutes; tills send them again.',
      runbook: 'events-are-answered-retry',
    });
  }

  /** Allows a function to put records and to encrypt them. */
  allowPut(to: DaymarkFunction): void {
    to.allow(['kinesis:PutRecords'], [this.stream.streamArn]);
    to.allow(['kms:GenerateDataKey'], [this.common.key.keyArn], viaService(this, 'kinesis'));
  }

  /**
   * Allows the event source mapping of a function to read and decrypt records. Source: AWS Lambda,
   * "Process Amazon Kinesis Data Streams records with Lambda", required permissions.
   */
  allowRead(to: DaymarkFunction): void {
    to.allow(
      [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
        'kinesis:SubscribeToShard',
      ],
      [this.stream.streamArn],
    );
    // IAM knows no resource for this action.
    to.allow(['kinesis:ListStreams'], ['*']);
    to.allow(['kms:Decrypt'], [this.common.key.keyArn], viaService(this, 'kinesis'));
  }
}
