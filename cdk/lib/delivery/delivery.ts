/** New versions are tried, get traffic little by little, and lose it when an alarm rings. */

import { Duration } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import {
  type IRole,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { unlessEmulated } from '../emulator';
import type { DaymarkFunction } from '../daymark-function';
import { acknowledge } from '../nag-acknowledgements';
import type { Tables } from '../tables';
import { ReleaseCheck } from './release-check';
import { CONFIGURATIONS } from './traffic-shift';

/** What shows that a new version does harm; it ends a release. */
export interface RollbackAlarm {
  /** After the function's name and `release`. */
  readonly name: string;
  /** By the minute: a canary is over in five. */
  readonly metric: IMetric;
  /** It rings when the metric is greater. */
  readonly threshold: number;
  readonly description: string;
}

export interface ReleasedFunction {
  readonly function: DaymarkFunction;
  /** Besides its errors. */
  readonly harm: readonly RollbackAlarm[];
}

export class Delivery extends Construct {
  constructor(
    scope: Construct,
    id: string,
    common: CommonProps,
    { released, tables }: { released: readonly ReleasedFunction[]; tables: Tables },
  ) {
    super(scope, id);
    const { settings, names, alarms } = common;
    unlessEmulated(settings, () => {
      const functions = released.map(({ function: each }) => each);
      const check = new ReleaseCheck(this, 'ReleaseCheck', common, { functions, tables });
      const gradual = settings.trafficShift !== 'all-at-once';
      const application = new LambdaApplication(this, 'Application', {
        applicationName: names.of('functions'),
      });
      for (const { function: each, harm } of released) {
        const errors: RollbackAlarm = {
          name: 'errors',
          metric: this.errorsOfNewVersion(each),
          threshold: 0,
          description: `The newest version of ${names.of(each.name)} fails.`,
        };
        const ends = [errors, ...harm].map((one) =>
          alarms.add({
            ...one,
            name: `${each.name}-release-${one.name}`,
            description: `${one.description} A version that is being released is withdrawn.`,
            runbook: 'a-release-is-rolled-back',
          }),
        );
        const group = new LambdaDeploymentGroup(this, each.name, {
          application,
          role: this.role(each, check),
          // The release check knows by this name which version it has to try.
          deploymentGroupName: names.of(each.name),
          alias: each.alias,
          deploymentConfig: CONFIGURATIONS[settings.trafficShift],
          alarms: ends,
          // All at once there is no time in which one could ring; and a mend may be what ends one.
          ignoreAlarmConfiguration: !gradual,
          autoRollback: {
            failedDeployment: true,
            stoppedDeployment: true,
            deploymentInAlarm: gradual,
          },
          preHook: settings.releaseCheck ? check.function : undefined,
        });
        check.mayReport(group);
      }
    });
  }

  /** Not those of the alias: while traffic moves, the version before it is called as well. */
  private errorsOfNewVersion({
    alias,
    function: { functionName, currentVersion },
  }: DaymarkFunction) {
    return alias.metricErrors({
      dimensionsMap: {
        FunctionName: functionName,
        Resource: `${functionName}:${alias.aliasName}`,
        ExecutedVersion: currentVersion.version,
      },
      period: Duration.minutes(1),
      statistic: 'Sum',
    });
  }

  /** What CodeDeploy may do for one function. */
  private role(released: DaymarkFunction, check: ReleaseCheck): IRole {
    const role = new Role(this, `${released.name}-role`, {
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSCodeDeployRoleForLambdaLimited'),
      ],
      inlinePolicies: {
        ReleaseCheck: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [check.arn] }),
          ],
        }),
      },
    });
    acknowledge(role, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]':
        'What AWS keeps for this one purpose; it reads alarms and moves aliases.',
    });
    // CDK would permit the call by a policy that comes and goes with the hook. No alias waits for
    // that one, so the release after a mend would call a check that CodeDeploy may not call yet.
    return role.withoutPolicyUpdates();
  }
}
