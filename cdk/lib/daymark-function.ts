/** A Rust binary as a Lambda function: with a role, a log group, traces and an alias of its own. */

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import type { FunctionName } from './binaries';
import type { CommonProps } from './common-props';
import { acknowledge } from './nag-acknowledgements';
import { removalPolicy } from './removal-policy';

/** The environment variables that functions read. */
export const VARIABLES = {
  stream: 'DAYMARK_STREAM',
  tablePrefix: 'DAYMARK_TABLE_PREFIX',
  queueUrl: 'DAYMARK_QUEUE_URL',
  eventAgeMaxDays: 'DAYMARK_EVENT_AGE_MAX_DAYS',
} as const;

/** The alias that all callers use, so that a deployment can shift them. */
export const ALIAS = 'live';

export interface DaymarkFunctionProps {
  readonly name: FunctionName;
  readonly description: string;
  readonly memoryMegabytes: number;
  readonly timeout: Duration;
  /** Instances that it has for itself and never exceeds. */
  readonly reserved?: number;
  /** Exactly what the binary reads. */
  readonly environment: Record<string, string>;
}

export class DaymarkFunction extends Construct {
  readonly name: FunctionName;
  readonly function: LambdaFunction;
  /** What callers call. */
  readonly alias: Alias;
  readonly timeout: Duration;
  private readonly role: Role;

  constructor(scope: Construct, id: string, common: CommonProps, props: DaymarkFunctionProps) {
    super(scope, id);
    const { settings, names, binaries, alarms } = common;
    this.name = props.name;
    this.timeout = props.timeout;
    const functionName = names.of(props.name);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    this.role = new Role(this, 'Role', {
      description: `What ${functionName} may do`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: props.description,
      runtime: Runtime.PROVIDED_AL2023,
      architecture: settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      handler: 'bootstrap',
      code: binaries.code(props.name),
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      reservedConcurrentExecutions: props.reserved,
      environment: props.environment,
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      // A version that was live stays, so that the alias can be put back by hand. One whose release
      // is rolled back goes: Lambda publishes the same code only once, so CloudFormation would find
      // it taken when that code is released again after its check failed for another reason.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
    });
    this.alias = new Alias(this, 'Live', {
      aliasName: ALIAS,
      version: this.function.currentVersion,
    });
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]': 'X-Ray has no resources to name: traces go to the account.',
    });
    alarms.add({
      name: `${props.name}-errors`,
      metric: this.alias.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 0,
      periods: 3,
      description: `${functionName} fails, for 15 minutes now.`,
      runbook: 'a-function-fails',
    });
    alarms.add({
      name: `${props.name}-throttles`,
      metric: this.alias.metricThrottles({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 0,
      periods: 3,
      description: `${functionName} is throttled, for 15 minutes now.`,
      runbook: 'a-function-is-throttled',
    });
    const near = 0.8;
    alarms.add({
      name: `${props.name}-slow`,
      metric: this.alias.metricDuration({ period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: near * props.timeout.toMilliseconds(),
      periods: 3,
      description: `${functionName} comes close to its timeout, for 15 minutes now.`,
      runbook: 'a-function-is-slow',
    });
    // Of fewer than five it is no news that all are at work; that more are asked for rings above.
    if (props.reserved !== undefined && props.reserved >= 5) {
      alarms.add({
        name: `${props.name}-concurrency`,
        metric: this.function.metric('ConcurrentExecutions', {
          period: Duration.minutes(1),
          statistic: 'Maximum',
        }),
        threshold: near * props.reserved,
        periods: 5,
        description: `${functionName} comes close to the instances that are reserved for it.`,
        runbook: 'a-function-is-throttled',
      });
    }
  }

  /** What has to exist before anything calls the function. */
  get permissions(): IDependable {
    return this.role;
  }

  /** Permits actions on resources; what is not permitted here, the function cannot do. */
  allow(actions: string[], resources: string[], conditions?: Record<string, unknown>): void {
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions, resources, conditions }),
    );
  }
}
