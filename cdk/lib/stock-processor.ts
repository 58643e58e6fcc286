/** From the stream to the stock table: what fails is tried again, and then put aside in S3. */

import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { RollbackAlarm } from './delivery/delivery';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { metric, type MetricName } from './metrics';
import { acknowledge } from './nag-acknowledgements';
import { removalPolicy } from './removal-policy';
import type { Stream } from './stream';
import type { Tables } from './tables';

export class StockProcessor extends Construct {
  readonly function: DaymarkFunction;
  readonly mapping: EventSourceMapping;
  /** Whole batches that were given up. */
  readonly failedBatches: Bucket;
  readonly harm: readonly RollbackAlarm[];

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    { stream, tables }: { stream: Stream; tables: Tables },
  ) {
    super(scope, id);
    const { settings, names } = common;
    this.function = new DaymarkFunction(this, 'Function', common, {
      name: 'stock-processor',
      description: 'Folds batches of events into stock windows',
      memoryMegabytes: settings.stockProcessorMemory,
      timeout: Duration.minutes(2),
      reserved: settings.stockProcessorReserved,
      environment: {
        [VARIABLES.tablePrefix]: names.prefix,
        ...(settings.eventAgeMaxDays && { [VARIABLES.eventAgeMaxDays]: settings.eventAgeMaxDays }),
      },
    });
    stream.allowRead(this.function);
    tables.allow(this.function, 'stock', ['BatchGetItem', 'PutItem']);
    tables.allow(this.function, 'quarantine', ['PutItem']);
    this.failedBatches = this.bucket();
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function.alias,
      eventSourceArn: stream.stream.streamArn,
      // Whatever came before the mapping is read as well.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: settings.batchSize,
      maxBatchingWindow: Duration.seconds(settings.batchWindowSeconds),
      parallelizationFactor: settings.parallelization,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: settings.batchRetries,
      maxRecordAge: Duration.seconds(settings.batchAgeSeconds),
      supportS3OnFailureDestination: true,
      onFailure: { bind: () => ({ destination: this.failedBatches.bucketArn }) },
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
    // The mapping is created once its function may read and put aside.
    this.mapping.node.addDependency(this.function.permissions);
    this.harm = [
      {
        name: 'rows',
        metric: metric(names, 'daymark_processor_rows_total', {
          of: { outcome: 'failed' },
          statistic: 'Sum',
          period: Duration.minutes(1),
        }),
        threshold: 0,
        description: 'Stock rows could not be saved; their batches wait.',
      },
    ];
    this.addAlarms();
  }

  private bucket(): Bucket {
    const { settings, key } = this.common;
    const bucket = new Bucket(this, 'FailedBatches', {
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          expiration: Duration.days(settings.failedBatchDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: removalPolicy(settings),
    });
    acknowledge(bucket, {
      'AwsSolutions-S1':
        'Only one function writes and only an operator reads, both through IAM; CloudTrail data ' +
        'events tell more than access logs would, for those who need it.',
    });
    // Source: "Retaining discarded batches in Amazon S3", which asks for these two.
    this.function.allow(['s3:PutObject'], [bucket.arnForObjects('aws/lambda/*')]);
    this.function.allow(['s3:ListBucket'], [bucket.bucketArn]);
    this.function.allow(['kms:GenerateDataKey'], [key.keyArn], {
      StringEquals: { 'kms:ViaService': `s3.${Stack.of(this).region}.amazonaws.com` },
    });
    const id = Stack.of(this).getLogicalId(bucket.node.defaultChild as never);
    acknowledge(this.function, {
      [`AwsSolutions-IAM5[Resource::<${id}.Arn>/aws/lambda/*]`]:
        'Lambda names the objects itself: a folder for the mapping, one for the shard, the time.',
    });
    return bucket;
  }

  private addAlarms(): void {
    const { alarms } = this.common;
    const ofMapping = (metricName: string, period = Duration.minutes(1)) =>
      new Metric({
        namespace: 'AWS/Lambda',
        metricName,
        dimensionsMap: { EventSourceMappingUUID: this.mapping.eventSourceMappingId },
        statistic: 'Sum',
        period,
      });
    const own = (name: MetricName, of?: Record<string, string>, statistic = 'Sum') =>
      metric(this.common.names, name, { of, statistic, period: Duration.minutes(5) });
    alarms.add({
      name: 'rows-failed',
      metric: own('daymark_processor_rows_total', { outcome: 'failed' }),
      threshold: 0,
      periods: 2,
      description: 'Stock rows could not be saved, for ten minutes now; their batches wait.',
      runbook: 'rows-are-not-saved',
    });
    alarms.add({
      name: 'events-late',
      metric: own('daymark_processor_freshness_seconds', undefined, 'p50'),
      threshold: 900,
      periods: 3,
      description: 'Half of the events are stored more than 15 minutes after they occurred.',
      runbook: 'events-come-late',
    });
    unlessEmulated(this.common.settings, () => {
      const reasons = ['unopenable', 'invalid_event', 'conflicting_duplicate'];
      const quarantined = reasons.map((reason) => [
        reason,
        own('daymark_processor_quarantined_total', { reason }),
      ]);
      // It ends no release: one till that sends badly is none of it, and what is put there is kept.
      alarms.add({
        name: 'quarantine',
        metric: new MathExpression({
          label: 'put into quarantine',
          expression: 'SUM(METRICS())',
          usingMetrics: Object.fromEntries(quarantined) as Record<string, Metric>,
          period: Duration.minutes(5),
        }),
        threshold: 0,
        description: 'Events were refused after the acknowledgement.',
        runbook: 'something-is-in-quarantine',
      });
      // Longer than any batch window; and two of them, for what comes at the end of one.
      const period = Duration.minutes(15);
      const stored = { of: { outcome: 'stored' }, statistic: 'Sum', period };
      // Whoever does nothing writes no metric, and all other alarms take that for a quiet hour.
      alarms.add({
        name: 'stock-processor-silent',
        metric: new MathExpression({
          label: 'events came and none was processed',
          // The nought is there even if nothing was ever processed.
          expression: 'IF(stored > 0 AND SUM([0 * stored, invoked]) == 0, 1, 0)',
          usingMetrics: {
            stored: metric(this.common.names, 'daymark_ingest_events_total', stored),
            invoked: ofMapping('InvokedEventCount', period),
          },
          period,
        }),
        threshold: 0,
        periods: 2,
        description: 'Events were stored for half an hour, and the stock processor got none.',
        runbook: 'the-stock-processor-does-nothing',
      });
    });
    alarms.add({
      name: 'iterator-age',
      // By Lambda and not by the stream: a batch that fails again and again has been read long ago.
      metric: this.function.function.metric('IteratorAge', {
        statistic: 'Maximum',
        period: Duration.minutes(1),
      }),
      threshold: 300_000,
      periods: 3,
      description: 'Events wait for more than five minutes before they are stock.',
      runbook: 'iterator-age-grows',
    });
    alarms.add({
      name: 'failed-batches',
      metric: ofMapping('OnFailureDestinationDeliveredEventCount'),
      threshold: 0,
      description: 'A batch was given up and put aside in S3.',
      runbook: 'a-batch-was-discarded',
    });
    alarms.add({
      name: 'dropped-events',
      metric: ofMapping('DroppedEventCount'),
      threshold: 0,
      description: 'Events were given up and could not be put aside.',
      runbook: 'a-batch-was-discarded',
    });
    alarms.add({
      name: 'destination-failures',
      // Lambda documents no alias for what a mapping does.
      metric: this.function.function.metric('DestinationDeliveryFailures', {
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      threshold: 0,
      description: 'A batch could not be put aside in S3.',
      runbook: 'a-batch-was-discarded',
    });
  }
}
