/** New versions are tried, get traffic little by little, and lose it when an alarm rings. */

import { type CfnElement, Duration, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment';
import { unlessEmulated } from '../emulated';
import type { DaymarkFunction } from '../function';
import { acknowledge } from '../nag';
import type { Tables } from '../tables';
import { ReleaseCheck } from './release-check';
import { CONFIGURATIONS } from './traffic-shift';

export interface Released {
  readonly function: DaymarkFunction;
  /** What rings, besides the function's errors, when a new version does harm. */
  readonly alarms: readonly Alarm[];
}

export class Delivery extends Construct {
  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    { released, tables }: { released: readonly Released[]; tables: Tables },
  ) {
    super(scope, id);
    const { settings, names, alarms } = deployment;
    unlessEmulated(settings, () => {
      const functions = released.map(({ function: each }) => each);
      const check = new ReleaseCheck(this, 'ReleaseCheck', deployment, { functions, tables });
      const hook = Stack.of(this).getLogicalId(check.function.node.defaultChild as CfnElement);
      const application = new LambdaApplication(this, 'Application', {
        applicationName: names.of('functions'),
      });
      for (const { function: each, alarms: more } of released) {
        const errors = alarms.add({
          name: `${each.name}-release`,
          metric: each.alias.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' }),
          threshold: 0,
          description: `${names.of(each.name)} fails; a version that is being released is withdrawn.`,
          runbook: 'a-release-is-rolled-back',
        });
        const group = new LambdaDeploymentGroup(this, each.name, {
          application,
          // The release check knows by this name which version it has to try.
          deploymentGroupName: names.of(each.name),
          alias: each.alias,
          deploymentConfig: CONFIGURATIONS[settings.trafficShift],
          alarms: [errors, ...more],
          // Then there is no time in which one could ring; and a mend may be what ends one.
          ignoreAlarmConfiguration: settings.trafficShift === 'all-at-once',
          autoRollback: {
            failedDeployment: true,
            stoppedDeployment: true,
            deploymentInAlarm: true,
          },
          preHook: check.function,
        });
        acknowledge(group, {
          'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]':
            'What AWS keeps for this one purpose; it reads alarms and moves aliases.',
          [`AwsSolutions-IAM5[Resource::<${hook}.Arn>:*]`]:
            'Any version of the release check, so that the group stays when the check changes.',
        });
        check.mayReport(group);
      }
    });
  }
}
