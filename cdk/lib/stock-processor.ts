/** Stock processor, from the stream to the stock log. Failed batches are stored in S3. */

import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { RollbackAlarm } from './delivery/delivery';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { metric, type MetricName, QUARANTINE_REASONS } from './metrics';
import { viaService } from './key-conditions';
import { acknowledge } from './nag-acknowledgements';
import { PrivateBucket } from './private-bucket';
import { removalPolicy } from './removal-policy';
import type { Stream } from './stream';
import type { Tables } from './tables';

export class StockProcessor extends Construct {
  readonly function: DaymarkFunction;
  private readonly mapping: EventSourceMapping;
  /** Bucket of batches that were discarded after their retries. */
  readonly failedBatches: Bucket;
  readonly rollbackAlarms: readonly RollbackAlarm[];

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
      description: 'Appends batches of events to the stock log',
      memoryMegabytes: settings.stockProcessorMemory,
      timeout: Duration.minutes(2),
      reserved: settings.stockProcessorReserved,
      environment: {
        [VARIABLES.tablePrefix]: names.prefix,
        [VARIABLES.stockLogDays]: settings.stockLogDays,
        ...(settings.eventAgeMaxDays && { [VARIABLES.eventAgeMaxDays]: settings.eventAgeMaxDays }),
      },
    });
    stream.allowRead(this.function);
    // A segment is written once, without a read: equal segments have equal keys.
    tables.allow(this.function, 'stock-log', ['BatchWriteItem']);
    tables.allow(this.function, 'quarantine', ['PutItem']);
    this.failedBatches = this.createBucket();
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function.alias,
      eventSourceArn: stream.stream.streamArn,
      // Events from before the creation of the mapping are read as well.
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
    // The mapping needs the permissions of the function from the beginning.
    this.mapping.node.addDependency(this.function.permissions);
    this.rollbackAlarms = [
      {
        name: 'segments',
        metric: metric(names, 'daymark_processor_segments_total', {
          of: { outcome: 'failed' },
          period: Duration.minutes(1),
        }),
        threshold: 0,
        description: 'Segments could not be stored; their batches are retried.',
      },
    ];
    this.addAlarms();
  }

  private createBucket(): Bucket {
    const { settings, key } = this.common;
    const bucket = new PrivateBucket(this, 'FailedBatches', {
      key,
      expirationDays: settings.failedBatchDays,
      removalPolicy: removalPolicy(settings),
      withoutAccessLogs:
        'Only one function writes and only operators read, both through IAM; CloudTrail data ' +
        'events contain more than access logs.',
    });
    // Source: AWS Lambda, "Retaining discarded batches in Amazon S3".
    this.function.allow(['s3:PutObject'], [bucket.arnForObjects('aws/lambda/*')]);
    this.function.allow(['s3:ListBucket'], [bucket.bucketArn]);
    this.function.allow(['kms:GenerateDataKey'], [key.keyArn], viaService(this, 's3'));
    const id = Stack.of(this).getLogicalId(bucket.node.defaultChild as never);
    acknowledge(this.function, {
      [`AwsSolutions-IAM5[Resource::<${id}.Arn>/aws/lambda/*]`]:
        'Lambda names the objects, by mapping, shard and time.',
    });
    return bucket;
  }

  private addAlarms(): void {
    const { settings, names, alarms } = this.common;
    const ofMapping = (metricName: string, period = Duration.minutes(1)) =>
      new Metric({
        namespace: 'AWS/Lambda',
        metricName,
        dimensionsMap: { EventSourceMappingUUID: this.mapping.eventSourceMappingId },
        statistic: 'Sum',
        period,
      });
    const own = (name: MetricName, of?: Record<string, string>, statistic = 'Sum') =>
      metric(names, name, { of, statistic, period: Duration.minutes(5) });
    alarms.add({
      name: 'segments-failed',
      metric: own('daymark_processor_segments_total', { outcome: 'failed' }),
      threshold: 0,
      periods: 2,
      description: 'Segments could not be stored for ten minutes; their batches are retried.',
      runbook: 'segments-are-not-stored',
    });
    alarms.add({
      name: 'events-late',
      metric: own('daymark_processor_freshness_seconds', undefined, 'p50'),
      threshold: 900,
      periods: 3,
      description: 'Half of the events are processed more than 15 minutes after they occurred.',
      runbook: 'events-come-late',
    });
    unlessEmulated(settings, () => {
      const quarantined = Object.entries(QUARANTINE_REASONS).map(([reason, by]) => [
        reason,
        metric(names, 'daymark_processor_quarantined_total', {
          of: { reason },
          by,
          period: Duration.minutes(5),
        }),
      ]);
      // This alarm rolls no release back: a single till can cause it, and the events are kept.
      alarms.add({
        name: 'quarantine',
        metric: new MathExpression({
          label: 'quarantined records',
          expression: 'SUM(METRICS())',
          usingMetrics: Object.fromEntries(quarantined) as Record<string, Metric>,
          period: Duration.minutes(5),
        }),
        threshold: 0,
        description: 'Acknowledged events were put into quarantine.',
        runbook: 'something-is-in-quarantine',
      });
      // Longer than any batch window. Two periods, for events at the end of a period.
      const period = Duration.minutes(15);
      const stored = { of: { outcome: 'stored' }, period };
      // An idle processor writes no metric, and the other alarms treat missing data as good.
      alarms.add({
        name: 'stock-processor-silent',
        metric: new MathExpression({
          label: 'events were stored and none was processed',
          // `0 * stored` gives the sum a value even if `invoked` has none.
          expression: 'IF(stored > 0 AND SUM([0 * stored, invoked]) == 0, 1, 0)',
          usingMetrics: {
            stored: metric(names, 'daymark_ingest_events_total', stored),
            invoked: ofMapping('InvokedEventCount', period),
          },
          period,
        }),
        threshold: 0,
        periods: 2,
        description: 'Events were stored for half an hour, but the stock processor got none.',
        runbook: 'the-stock-processor-does-nothing',
      });
    });
    alarms.add({
      name: 'iterator-age',
      // Lambda's metric: the stream's own metric ignores a batch that was read and fails.
      metric: this.function.function.metric('IteratorAge', {
        statistic: 'Maximum',
        period: Duration.minutes(1),
      }),
      threshold: 300_000,
      periods: 3,
      description: 'Events wait for more than five minutes until they are processed.',
      runbook: 'iterator-age-grows',
    });
    alarms.add({
      name: 'failed-batches',
      metric: ofMapping('OnFailureDestinationDeliveredEventCount'),
      threshold: 0,
      description: 'A batch was discarded and stored in S3.',
      runbook: 'a-batch-was-discarded',
    });
    alarms.add({
      name: 'dropped-events',
      metric: ofMapping('DroppedEventCount'),
      threshold: 0,
      description: 'Events were discarded and could not be stored in S3.',
      runbook: 'a-batch-was-discarded',
    });
    alarms.add({
      name: 'destination-failures',
      // Lambda documents no dimension for aliases of the metrics of a mapping.
      metric: this.function.function.metric('DestinationDeliveryFailures', {
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      threshold: 0,
      description: 'A discarded batch could not be stored in S3.',
      runbook: 'a-batch-was-discarded',
    });
  }
}
