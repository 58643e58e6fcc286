/** Function that CodeDeploy calls before a new version gets traffic. */

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
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import { type DaymarkFunction, VARIABLES } from '../daymark-function';
import { viaService } from '../key-conditions';
import { acknowledge } from '../nag-acknowledgements';
import { StageLogGroup } from '../stage-log-group';
import type { Tables } from '../tables';

const SOURCE = resolve(__dirname, '../../../functions/release-check');

export class ReleaseCheck extends Construct {
  readonly function: LambdaFunction;
  /** ARN made of the function's name, so that a permission to call it does not depend on it. */
  readonly arn: string;

  constructor(
    scope: Construct,
    id: string,
    common: CommonProps,
    { functions, tables }: { functions: readonly DaymarkFunction[]; tables: Tables },
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    const stack = Stack.of(this);
    const functionName = names.of('release-check');
    this.arn = stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const logGroup = new StageLogGroup(this, 'Logs', settings, `/aws/lambda/${functionName}`);
    const role = new Role(this, 'Role', {
      description: `Permissions of ${functionName}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    const versionByGroup = Object.fromEntries(
      functions.map((checked) => [
        names.of(checked.name),
        checked.function.currentVersion.functionArn,
      ]),
    );
    // After the wait for a batch: many times the duration of a poll of the stream and of a batch.
    const waitSeconds = settings.batchWindowSeconds + 60;
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: 'Sends an event to a new version before that version gets traffic',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(SOURCE),
      memorySize: 256,
      // Leaves time for a cold start of the new version and for the reads of the log.
      timeout: Duration.seconds(waitSeconds + 120),
      environment: {
        [VARIABLES.tablePrefix]: names.prefix,
        DAYMARK_WAIT_SECONDS: String(waitSeconds),
        DAYMARK_VERSIONS: stack.toJsonString(versionByGroup),
      },
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    const allow = (actions: string[], resources: string[], conditions?: object) =>
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    // All versions: a policy that names the new one may not be effective when the check begins.
    allow(
      ['lambda:InvokeFunction'],
      functions.map((checked) => `${checked.function.functionArn}:*`),
    );
    allow(['dynamodb:Query'], [tables.of('stock-log').tableArn]);
    allow(['kms:Decrypt', 'kms:DescribeKey'], [key.keyArn], viaService(this, 'dynamodb'));
    const logicalId = (checked: DaymarkFunction) =>
      stack.getLogicalId(checked.function.node.defaultChild as CfnElement);
    acknowledge(role, {
      ...Object.fromEntries(
        functions.map((checked) => [
          `AwsSolutions-IAM5[Resource::<${logicalId(checked)}.Arn>:*]`,
          'All versions, so that the policy is the same in each release.',
        ]),
      ),
      'AwsSolutions-IAM5[Resource::*]': 'X-Ray has no resources: traces belong to the account.',
    });
  }

  /** Allows the check to read and report a group's deployments, even if it is switched off. */
  allowReport(group: LambdaDeploymentGroup): void {
    this.function.addToRolePolicy(
      new PolicyStatement({
        actions: ['codedeploy:GetDeployment'],
        resources: [group.deploymentGroupArn],
      }),
    );
    group.grantPutLifecycleEventHookExecutionStatus(this.function);
  }
}
