/** Alarms: each construct registers its own, and each leads to its heading in RUNBOOK.md. */

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Names } from './names';

export interface AlarmProps {
  /** Without the stage's prefix; unique. */
  readonly name: string;
  readonly metric: Metric;
  /** It rings when the metric is greater. */
  readonly threshold: number;
  /** How many periods of the metric in a row; 1 when it is not given. */
  readonly periods?: number;
  /** What has happened, for people. */
  readonly description: string;
  /** The heading in RUNBOOK.md, as an anchor. */
  readonly runbook: string;
}

/** How long a period of an alarm's metric is, where nothing else is said. */
export const PERIOD = Duration.minutes(1);

export class Alarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly names: Names,
  ) {
    super(scope, id);
  }

  add(props: AlarmProps): Alarm {
    return new Alarm(this, props.name, {
      alarmName: this.names.of(props.name),
      alarmDescription: `${props.description} RUNBOOK.md#${props.runbook}`,
      metric: props.metric,
      threshold: props.threshold,
      evaluationPeriods: props.periods ?? 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No traffic is no fault.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
