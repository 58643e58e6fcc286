/** The function that CodeDeploy calls before it gives a new version any traffic. */

import { resolve } from 'node:path';
import { ArnFormat, type CfnElement, Duration, Stack } from 'aws-cdk-lib';
import type { LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { type DaymarkFunction, VARIABLES } from '../daymark-function';
import { acknowledge } from '../nag-acknowledgements';
import { removalPolicy } from '../removal-policy';
import type { Tables } from '../tables';

const SOURCE = resolve(__dirname, '../../../functions/release-check');

/** The variable that holds the new versions' ARNs, by deployment group. */
export const VERSIONS = 'DAYMARK_VERSIONS';
/** The variable that says how long an event may take to its row. */
export const ROW_SECONDS = 'DAYMARK_ROW_SECONDS';

export class ReleaseCheck extends Construct {
  readonly function: LambdaFunction;
  /** Made of its name: who is permitted to call it does not wait for it. */
  readonly arn: string;

  constructor(
    scope: Construct,
    id: string,
    common: CommonProps,
    { functions, tables }: { functions: readonly DaymarkFunction[]; tables: Tables },
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    const functionName = names.of('release-check');
    this.arn = Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    const role = new Role(this, 'Role', {
      description: `What ${functionName} may do`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    const versions = functions.map((each) => each.function.currentVersion);
    const byGroup = functions.map((each, at) => [names.of(each.name), versions[at]?.functionArn]);
    // A poll of the stream and a batch, many times over, after the processor has waited for one.
    const rowSeconds = settings.batchWindowSeconds + 60;
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: 'Sends an event through a new version before it gets traffic',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(SOURCE),
      memorySize: 256,
      // A cold start of the new version, and the reads of the row, besides.
      timeout: Duration.seconds(rowSeconds + 120),
      environment: {
        [VARIABLES.tablePrefix]: names.prefix,
        [ROW_SECONDS]: String(rowSeconds),
        [VERSIONS]: Stack.of(this).toJsonString(Object.fromEntries(byGroup)),
      },
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        // Not the new versions alone: a changed policy may not hold yet when the check begins.
        resources: functions.map((each) => `${each.function.functionArn}:*`),
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem'],
        resources: [tables.of('stock').tableArn],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:DescribeKey'],
        resources: [key.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` },
        },
      }),
    );
    const idOf = (each: DaymarkFunction) =>
      Stack.of(this).getLogicalId(each.function.node.defaultChild as CfnElement);
    acknowledge(role, {
      ...Object.fromEntries(
        functions.map((each) => [
          `AwsSolutions-IAM5[Resource::<${idOf(each)}.Arn>:*]`,
          'Any version, so that the policy is the same in each release.',
        ]),
      ),
      'AwsSolutions-IAM5[Resource::*]': 'X-Ray has no resources to name: traces go to the account.',
    });
  }

  /** Permits it to ask what a group deploys, and to report, also while a mend leaves it out. */
  mayReport(group: LambdaDeploymentGroup): void {
    this.function.addToRolePolicy(
      new PolicyStatement({
        actions: ['codedeploy:GetDeployment'],
        resources: [group.deploymentGroupArn],
      }),
    );
    group.grantPutLifecycleEventHookExecutionStatus(this.function);
  }
}
