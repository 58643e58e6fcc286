/** Pipe from the stream of the offers table to the bus. */

import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { viaService } from '../key-conditions';
import { DeadLetterQueue } from '../queues';
import { StageLogGroup } from '../stage-log-group';
import { type DetailType, filterPattern, inputTemplate, SOURCE } from './event-format';

/** Maximum of `PutEvents`, which a pipe's batch may not exceed. */
const BATCH_SIZE = 10;
/** Maximum age of a record: longer than an afternoon, after which an offer has ended. */
const AGE_MAX = Duration.hours(4);
/** Retries of a record. A record that fails more often has a permanent error. */
const RETRIES_MAX = 10;

export interface OfferPipeProps {
  readonly detailType: DetailType;
  readonly offers: ITable;
  readonly bus: EventBus;
}

export class OfferPipe extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, props: OfferPipeProps) {
    super(scope, id);
    const { settings, names, alarms, key } = common;
    const { detailType, offers, bus } = props;
    const suffix = detailType === 'OfferPublished' ? 'offers-published' : 'offers-deepened';
    const name = names.of(suffix);
    const source = offers.tableStreamArn;
    if (!source) throw new Error(`${offers.node.path} has no stream; it needs one with NEW_IMAGE`);

    const failed = new DeadLetterQueue(this, 'Failed', { queueName: names.of(`${suffix}-failed`) });
    const logs = new StageLogGroup(this, 'Logs', settings, `/aws/vendedlogs/pipes/${name}`);
    const role = new Role(this, 'Role', {
      description: `Permissions of the pipe ${name}`,
      assumedBy: new ServicePrincipal('pipes.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'pipes',
              resource: 'pipe',
              resourceName: name,
            }),
          },
        },
      }),
    });
    const allow = (actions: string[], resource: string, conditions?: object) =>
      role.addToPolicy(new PolicyStatement({ actions, resources: [resource], conditions }));
    allow(
      [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
      ],
      source,
    );
    allow(['kms:Decrypt', 'kms:DescribeKey'], key.keyArn, viaService(this, 'dynamodb'));
    bus.grantPutEventsTo(role);
    allow(['sqs:SendMessage'], failed.queueArn);

    const pipe = new CfnPipe(this, 'Pipe', {
      name,
      description: `${detailType}: from ${names.of('offers')} to the bus ${names.bus}`,
      roleArn: role.roleArn,
      source,
      sourceParameters: {
        dynamoDbStreamParameters: {
          // Includes offers that were published during the creation of the pipe.
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
    // A pipe reads its source when it is created, so the permissions must exist by then.
    pipe.node.addDependency(role);

    alarms.add({
      name: `${suffix}-failed`,
      metric: failed.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 0,
      description: `The pipe ${name} failed to send offers to the bus ${names.bus}.`,
      runbook: 'offers-do-not-reach-the-bus',
    });
  }
}
