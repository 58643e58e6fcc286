/** Alarms: each construct registers its own, and each leads to its heading in RUNBOOK.md. */

import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { ResourceNames } from './resource-names';
import type { Settings } from './settings/definitions';

export interface AlarmProps {
  /** Without the stage's prefix; unique. */
  readonly name: string;
  readonly metric: IMetric;
  /** It rings when the metric is greater; or less, for what should never stop. */
  readonly threshold: number;
  readonly rings?: 'above' | 'below';
  /** How many periods of the metric in a row, counted back from now and not by the clock; else 1. */
  readonly periods?: number;
  /** What has happened, for people. */
  readonly description: string;
  /** The heading in RUNBOOK.md, as an anchor. */
  readonly runbook: string;
}

const NO_TRAFFIC_IS_NO_FAULT = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

const SHOULD_NEVER_STOP = {
  comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
  treatMissingData: TreatMissingData.BREACHING,
};

export class Alarms extends Construct {
  /** Where alarms are told, and their end. */
  readonly topic: Topic;
  private readonly added: Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly given: { settings: Settings; names: ResourceNames; key: IKey },
  ) {
    super(scope, id);
    const { settings, names, key } = given;
    this.topic = new Topic(this, 'Topic', {
      topicName: names.of('alarms'),
      displayName: `Alarms of ${names.stack}`,
      masterKey: key,
      enforceSSL: true,
    });
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    // A topic with a policy of its own has lost the one by which alarms of the account may publish.
    this.topic.grantPublish(cloudWatch);
    for (const address of settings.alarmEmails) {
      this.topic.addSubscription(new EmailSubscription(address));
    }
  }

  add(props: AlarmProps): Alarm {
    const { settings, names } = this.given;
    const alarm = new Alarm(this, props.name, {
      alarmName: names.of(props.name),
      alarmDescription: `${props.description} ${settings.runbook}#${props.runbook}`,
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      ...(props.rings === 'below' ? SHOULD_NEVER_STOP : NO_TRAFFIC_IS_NO_FAULT),
    });
    const tell = new SnsAction(this.topic);
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
    this.added.push(alarm);
    return alarm;
  }

  /** Every alarm that was added so far. */
  all(): readonly Alarm[] {
    return this.added;
  }
}
