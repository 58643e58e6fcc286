/** Alarms of a stage. Each construct adds its own, with the heading of RUNBOOK.md to read. */

import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';

export interface AlarmProps {
  /** Unique name, without the prefix of the stage. */
  readonly name: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** Side of the threshold on which the alarm fires. Default: above. */
  readonly side?: 'above' | 'below';
  /** Consecutive periods of the metric beyond the threshold. Default: 1. */
  readonly periods?: number;
  /** Event or state that the alarm reports, as a sentence. */
  readonly description: string;
  /** Anchor of a heading in RUNBOOK.md. */
  readonly runbook: string;
}

const MISSING_DATA_IS_GOOD = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

const MISSING_DATA_IS_BAD = {
  comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
  treatMissingData: TreatMissingData.BREACHING,
};

export class Alarms extends Construct {
  private readonly added: Alarm[] = [];
  private readonly action: SnsAction;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: Pick<CommonProps, 'settings' | 'names' | 'key'>,
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    const topic = new Topic(this, 'Topic', {
      topicName: names.of('alarms'),
      displayName: `Alarms of ${names.stack}`,
      masterKey: key,
      enforceSSL: true,
    });
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    });
    // The topic's own policy replaces the default one, which lets alarms of the account publish.
    topic.grantPublish(cloudWatch);
    for (const address of settings.alarmEmails) {
      topic.addSubscription(new EmailSubscription(address));
    }
    this.action = new SnsAction(topic);
  }

  /** Adds an alarm that notifies the topic when it begins and when it ends. */
  add(props: AlarmProps): Alarm {
    const { settings, names } = this.common;
    const alarm = new Alarm(this, props.name, {
      alarmName: names.of(props.name),
      alarmDescription: `${props.description} ${settings.runbook}#${props.runbook}`,
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      ...(props.side === 'below' ? MISSING_DATA_IS_BAD : MISSING_DATA_IS_GOOD),
    });
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
    this.added.push(alarm);
    return alarm;
  }

  /** Alarms added so far. */
  get all(): readonly Alarm[] {
    return this.added;
  }
}
