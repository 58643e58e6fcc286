/** Releases with CodeDeploy: checks of new versions, traffic shifts, and rollbacks on alarm. */

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
import type { FunctionName } from '../binaries';
import type { CommonProps } from '../common-props';
import type { DaymarkFunction } from '../daymark-function';
import { unlessEmulated } from '../emulator';
import { acknowledge } from '../nag-acknowledgements';
import type { Tables } from '../tables';
import { ReleaseCheck } from './release-check';
import { CONFIGURATIONS } from './traffic-shift';

/** Alarm that rolls a release back. */
export interface RollbackAlarm {
  /** Suffix of the name, after the function's name and `release`. */
  readonly name: string;
  /** Metric with a period of one minute, because a canary takes only five. */
  readonly metric: IMetric;
  /** Value above which the alarm fires. */
  readonly threshold: number;
  /** Consecutive minutes above the threshold. Default: 1. */
  readonly periods?: number;
  readonly description: string;
}

/**
 * Limits of the duration of a new version in milliseconds, 99th percentile: those with which
 * `daymark tune choose` chooses the memory, and for requests four times as much. A first
 * invocation opens connections.
 */
const P99_MAX: Partial<Record<FunctionName, number>> = {
  ingest: 1_000,
  'stock-processor': 3_000,
  pricing: 10_000,
  'day-close': 10_000,
};

function p99Max(name: FunctionName): number {
  const limit = P99_MAX[name];
  if (limit === undefined) throw new Error(`${name} is released without a limit of its duration`);
  return limit;
}

/** Function that serves traffic. */
export interface ReleasedFunction {
  readonly function: DaymarkFunction;
  /** Alarms in addition to the one for errors of the new version. */
  readonly rollbackAlarms: readonly RollbackAlarm[];
}

export interface DeliveryProps {
  readonly functions: readonly ReleasedFunction[];
  readonly tables: Tables;
}

export class Delivery extends Construct {
  constructor(scope: Construct, id: string, common: CommonProps, props: DeliveryProps) {
    super(scope, id);
    unlessEmulated(common.settings, () => {
      this.addReleases(common, props);
    });
  }

  private addReleases(common: CommonProps, { functions, tables }: DeliveryProps): void {
    const { settings, names, alarms } = common;
    const check = new ReleaseCheck(this, 'ReleaseCheck', common, {
      functions: functions.map((released) => released.function),
      tables,
    });
    const isGradual = settings.trafficShift !== 'all-at-once';
    const application = new LambdaApplication(this, 'Application', {
      applicationName: names.of('functions'),
    });
    for (const { function: released, rollbackAlarms } of functions) {
      const errors: RollbackAlarm = {
        name: 'errors',
        metric: released.alias.metricErrors({ ...ofNewVersion(released), statistic: 'Sum' }),
        threshold: 0,
        description: `The newest version of ${names.of(released.name)} fails.`,
      };
      const slow: RollbackAlarm = {
        name: 'slow',
        metric: released.alias.metricDuration({ ...ofNewVersion(released), statistic: 'p99' }),
        threshold: p99Max(released.name),
        // The only invocation of a minute may be the first one of an environment.
        periods: 3,
        description: `The newest version of ${names.of(released.name)} is slow.`,
      };
      const group = new LambdaDeploymentGroup(this, released.name, {
        application,
        role: this.codeDeployRole(released, check),
        // The release check finds the version to check by this name.
        deploymentGroupName: names.of(released.name),
        alias: released.alias,
        deploymentConfig: CONFIGURATIONS[settings.trafficShift],
        alarms: [errors, slow, ...rollbackAlarms].map((alarm) =>
          alarms.add({
            ...alarm,
            name: `${released.name}-release-${alarm.name}`,
            description: `${alarm.description} A release in progress is rolled back.`,
            runbook: 'a-release-is-rolled-back',
          }),
        ),
        // A shift all at once ends before an alarm can fire. Besides, an alarm that has already
        // fired would block the release that repairs its cause.
        ignoreAlarmConfiguration: !isGradual,
        autoRollback: {
          failedDeployment: true,
          stoppedDeployment: true,
          deploymentInAlarm: isGradual,
        },
        preHook: settings.releaseCheck ? check.function : undefined,
      });
      check.allowReport(group);
    }
  }

  /** Creates the role of CodeDeploy for one function. */
  private codeDeployRole(released: DaymarkFunction, check: ReleaseCheck): IRole {
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
        'AWS maintains the policy for this purpose; it reads alarms and updates aliases.',
    });
    // CDK would permit the call in a policy that exists only together with the hook, and no alias
    // depends on that policy. After a release without the check, the next one could not call it.
    return role.withoutPolicyUpdates();
  }
}

/** Excludes the previous version, which the alias also calls while traffic shifts. */
function ofNewVersion({ alias, function: { functionName, currentVersion } }: DaymarkFunction) {
  return {
    dimensionsMap: {
      FunctionName: functionName,
      Resource: `${functionName}:${alias.aliasName}`,
      ExecutedVersion: currentVersion.version,
    },
    period: Duration.minutes(1),
  };
}
