/** A pipe from the stream of the offers table to the bus. */

import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { acknowledge } from '../nag-acknowledgements';
import { removalPolicy } from '../removal-policy';
import { type DetailType, filterPattern, inputTemplate, SOURCE } from './event-format';

/** `PutEvents` takes 10 entries, and a pipe's batch may not be larger than its target's. */
const BATCH_SIZE = 10;
/** Four hours later an afternoon is over, and its offers with it. */
const AGE_MAX = Duration.hours(4);
/** A fault of the moment is over by then; what is refused so often is refused for ever. */
const RETRIES_MAX = 10;

export interface OfferPipeProps {
  readonly detailType: DetailType;
  readonly offers: ITable;
  readonly bus: EventBus;
}

export class OfferPipe extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, props: OfferPipeProps) {
    super(scope, id);
    const { settings, names, alarms } = common;
    const { detailType, offers, bus } = props;
    const suffix = detailType === 'OfferPublished' ? 'offers-published' : 'offers-deepened';
    const name = names.of(suffix);
    const source = offers.tableStreamArn;
    if (!source) throw new Error(`${offers.node.path} has no stream; it needs one with NEW_IMAGE`);

    const failed = new Queue(this, 'Failed', {
      queueName: names.of(`${suffix}-failed`),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/vendedlogs/pipes/${name}`,
      retention: settings.logRetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    const role = new Role(this, 'Role', {
      description: `What the pipe ${name} may do`,
      assumedBy: new ServicePrincipal('pipes.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: { 'aws:SourceArn': arnOf(this, name) },
        },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: [
          'dynamodb:DescribeStream',
          'dynamodb:GetRecords',
          'dynamodb:GetShardIterator',
          'dynamodb:ListStreams',
        ],
        resources: [source],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:DescribeKey'],
        resources: [common.key.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` },
        },
      }),
    );
    bus.grantPutEventsTo(role);
    role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [failed.queueArn] }),
    );
    acknowledge(failed, { 'AwsSolutions-SQS3': 'It is itself the queue for what failed.' });

    const pipe = new CfnPipe(this, 'Pipe', {
      name,
      description: `${detailType}: from ${names.of('offers')} to the bus ${names.bus}`,
      roleArn: role.roleArn,
      source,
      sourceParameters: {
        dynamoDbStreamParameters: {
          // From the beginning: an offer that was made while the pipe was being made counts.
          startingPosition: 'TRIM_HORIZON',
          batchSize: BATCH_SIZE,
          maximumRecordAgeInSeconds: AGE_MAX.toSeconds(),
          maximumRetryAttempts: RETRIES_MAX,
          onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
          deadLetterConfig: { arn: failed.queueArn },
        },
        filterCriteria: { filters: [{ pattern: JSON.stringify(filterPattern(detailType)) }] },
      },
      target: bus.eventBusArn,
      targetParameters: {
        eventBridgeEventBusParameters: { source: SOURCE, detailType },
        inputTemplate: inputTemplate(),
      },
      logConfiguration: {
        level: 'ERROR',
        cloudwatchLogsLogDestination: { logGroupArn: logs.logGroupArn },
      },
    });
    // A pipe reads its source when it is made, so its role must be able to by then.
    pipe.node.addDependency(role);

    alarms.add({
      name: `${suffix}-failed`,
      metric: failed.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      description: `Offers did not reach the bus ${names.bus}, and ${name} has given them up.`,
      runbook: 'offers-do-not-reach-the-bus',
    });
  }
}

function arnOf(scope: Construct, pipe: string): string {
  return Stack.of(scope).formatArn({ service: 'pipes', resource: 'pipe', resourceName: pipe });
}
