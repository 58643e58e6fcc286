/** Lambda function that runs a Rust binary, with its own role, log group, alias and alarms. */

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct, type IDependable } from 'constructs';
import type { FunctionName } from './binaries';
import type { CommonProps } from './common-props';
import { acknowledge } from './nag-acknowledgements';
import { StageLogGroup } from './stage-log-group';

/** Environment variables that the binaries read. `aws/src/settings.rs` has the same names. */
export const VARIABLES = {
  stream: 'DAYMARK_STREAM',
  tablePrefix: 'DAYMARK_TABLE_PREFIX',
  queueUrl: 'DAYMARK_QUEUE_URL',
  eventAgeMaxDays: 'DAYMARK_EVENT_AGE_MAX_DAYS',
  stockLogDays: 'DAYMARK_STOCK_LOG_DAYS',
} as const;

/** Share of a limit at which the alarms for duration and concurrency fire. */
const NEAR = 0.8;

/** Smallest reserved concurrency with an alarm: a smaller one is often in use completely. */
const RESERVED_WITH_ALARM_MIN = 5;

export interface DaymarkFunctionProps {
  readonly name: FunctionName;
  readonly description: string;
  readonly memoryMegabytes: number;
  readonly timeout: Duration;
  /** Reserved concurrency, which is also the maximum. */
  readonly reserved?: number;
  /** Exactly the variables that the binary reads. */
  readonly environment: Record<string, string>;
}

export class DaymarkFunction extends Construct {
  readonly name: FunctionName;
  readonly function: LambdaFunction;
  /** Alias that all callers use, so that a deployment can shift their traffic. */
  readonly alias: Alias;
  private readonly role: Role;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    props: DaymarkFunctionProps,
  ) {
    super(scope, id);
    const { settings, names, binaries } = common;
    this.name = props.name;
    const functionName = names.of(props.name);
    const logGroup = new StageLogGroup(this, 'Logs', settings, `/aws/lambda/${functionName}`);
    this.role = new Role(this, 'Role', {
      description: `Permissions of ${functionName}`,
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
      // A version that was live is retained, so that the alias can be reset by hand. A version
      // whose release is rolled back is deleted: Lambda publishes the same code only once, so
      // CloudFormation could not create the version again in a second release of that code.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
    });
    this.alias = new Alias(this, 'Live', {
      aliasName: 'live',
      version: this.function.currentVersion,
    });
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray has no resources: traces belong to the account. Nor has kinesis:ListStreams any.',
    });
    this.addAlarms(props);
  }

  /** Permissions of the function, on which its callers must depend. */
  get permissions(): IDependable {
    return this.role;
  }

  /** Allows actions on resources. The role allows nothing else but logs and traces. */
  allow(actions: string[], resources: string[], conditions?: Record<string, unknown>): void {
    this.role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
  }

  private addAlarms({ timeout, reserved }: DaymarkFunctionProps): void {
    const { names, alarms } = this.common;
    const functionName = names.of(this.name);
    const period = Duration.minutes(5);
    alarms.add({
      name: `${this.name}-errors`,
      metric: this.alias.metricErrors({ period, statistic: 'Sum' }),
      threshold: 0,
      periods: 3,
      description: `${functionName} has failed for 15 minutes.`,
      runbook: 'a-function-fails',
    });
    alarms.add({
      name: `${this.name}-throttles`,
      metric: this.alias.metricThrottles({ period, statistic: 'Sum' }),
      threshold: 0,
      periods: 3,
      description: `${functionName} has been throttled for 15 minutes.`,
      runbook: 'a-function-is-throttled',
    });
    alarms.add({
      name: `${this.name}-slow`,
      metric: this.alias.metricDuration({ period, statistic: 'Maximum' }),
      threshold: NEAR * timeout.toMilliseconds(),
      periods: 3,
      description: `${functionName} has come close to its timeout for 15 minutes.`,
      runbook: 'a-function-is-slow',
    });
    // Calls beyond a smaller reservation are throttled, which has its own alarm above.
    if (reserved !== undefined && reserved >= RESERVED_WITH_ALARM_MIN) {
      alarms.add({
        name: `${this.name}-concurrency`,
        metric: this.function.metric('ConcurrentExecutions', {
          period: Duration.minutes(1),
          statistic: 'Maximum',
        }),
        threshold: NEAR * reserved,
        periods: 5,
        description: `${functionName} has come close to its reserved concurrency for five minutes.`,
        runbook: 'a-function-is-throttled',
      });
    }
  }
}
