/** Optional construct that runs the parts of a load run of this stage on Fargate. */

import { Aws, type CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Secret as ContainerSecret,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { CommonProps } from '../common-props';
import type { Identity } from '../identity';
import type { IngestApi } from '../ingest-api';
import { viaService } from '../key-conditions';
import { acknowledge, arnComponent } from '../nag-acknowledgements';
import { PrivateBucket } from '../private-bucket';
import { removalPolicy } from '../removal-policy';
import { StageLogGroup } from '../stage-log-group';
import type { Tables } from '../tables';
import { CONTAINER, definition, MINUTES_MAX, type Substitution } from './state-machine';

/** Processor units and MB of a part: the sender and the writer of requests are one thread each. */
const CPU_UNITS = 2_048;
const MEMORY_MB = 4_096;
/** Retention of the records of runs. */
const RECORD_DAYS = 90;

export interface LoadRunsProps {
  /** Repository and tag of the image in Amazon ECR. */
  readonly image: string;
  readonly api: IngestApi;
  readonly identity: Identity;
  readonly tables: Tables;
}

/** Returns the logical id of the resource of a construct. */
function logicalId(construct: Construct): string {
  return Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnResource);
}

export class LoadRuns extends Construct {
  /** Scenarios of runs, and the records of their parts. */
  readonly bucket: PrivateBucket;
  /** Secret of the till client whose tokens the parts use. The operator writes its value. */
  readonly clientSecret: Secret;
  readonly stateMachine: StateMachine;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    private readonly props: LoadRunsProps,
  ) {
    super(scope, id);
    const { names, key } = common;
    this.bucket = new PrivateBucket(this, 'Records', {
      key,
      expirationDays: RECORD_DAYS,
      prefix: 'runs/',
      removalPolicy: removalPolicy(common.settings),
      withoutAccessLogs: 'Only the parts of load runs write, and only operators read, through IAM.',
    });
    this.clientSecret = new Secret(this, 'ClientSecret', {
      description: 'Secret of the till client that sends load runs',
      encryptionKey: key,
      // Cognito keeps the value.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(this.clientSecret, {
      'AwsSolutions-SMG4': 'Cognito issues the secret of a client, and rotates none.',
    });
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
      ],
      // Nothing uses the default security group, and closing it needs a function.
      restrictDefaultSecurityGroup: false,
    });
    acknowledge(vpc, {
      'AwsSolutions-VPC7': 'The tasks of a run connect to AWS alone, and nothing to them.',
    });
    const outbound = new SecurityGroup(this, 'Outbound', {
      vpc,
      description: `Parts of load runs of ${names.stack}: HTTPS to the outside, nothing inside`,
      allowAllOutbound: false,
    });
    outbound.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'APIs of the stage and of AWS');
    const cluster = new Cluster(this, 'Cluster', {
      clusterName: names.of('load'),
      vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const task = this.createTask();
    this.stateMachine = this.createStateMachine(cluster, task, {
      Cluster: cluster.clusterArn,
      Partition: Aws.PARTITION,
      SecurityGroup: outbound.securityGroupId,
      Subnets: vpc.publicSubnets.map(({ subnetId }) => subnetId).join(','),
      TaskDefinition: task.taskDefinitionArn,
    });
  }

  /** Creates the task of a part, which may read a scenario and the stock log, and write a record. */
  private createTask(): FargateTaskDefinition {
    const { settings, names, key } = this.common;
    const { image, api, identity, tables } = this.props;
    const task = new FargateTaskDefinition(this, 'Task', {
      family: names.of('load-part'),
      cpu: CPU_UNITS,
      memoryLimitMiB: MEMORY_MB,
      runtimePlatform: {
        cpuArchitecture:
          settings.architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    const [repository = '', tag] = image.split(':');
    const [client] = identity.tills;
    task.addContainer(CONTAINER, {
      image: ContainerImage.fromEcrRepository(
        Repository.fromRepositoryName(this, 'Repository', repository),
        tag,
      ),
      environment: {
        AWS_REGION: Stack.of(this).region,
        DAYMARK_LOAD_BUCKET: this.bucket.bucketName,
        DAYMARK_LOAD_STAGE: settings.stage,
        DAYMARK_LOAD_TARGET: api.url,
        DAYMARK_TOKEN_URL: `${identity.domain.baseUrl()}/oauth2/token`,
        DAYMARK_CLIENT_ID: client?.userPoolClientId ?? '',
      },
      secrets: {
        DAYMARK_CLIENT_SECRET: ContainerSecret.fromSecretsManager(this.clientSecret),
      },
      logging: LogDrivers.awsLogs({
        streamPrefix: 'load',
        logGroup: new StageLogGroup(this, 'Logs', settings, `/ecs/${names.of('load')}`),
      }),
      // Maximum of Fargate: a stopped part writes a partial record.
      stopTimeout: Duration.seconds(120),
    });
    const allow = (
      actions: string[],
      resources: string[],
      conditions?: Record<string, unknown>,
    ) => {
      task.addToTaskRolePolicy(new PolicyStatement({ actions, resources, conditions }));
    };
    allow(['s3:GetObject'], [this.bucket.arnForObjects('scenarios/*')]);
    allow(['s3:PutObject'], [this.bucket.arnForObjects('runs/*')]);
    allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], viaService(this, 's3'));
    // The probes of a run look for their events in the stock log.
    allow(['dynamodb:Query'], [tables.of('stock-log').tableArn]);
    allow(['kms:Decrypt', 'kms:DescribeKey'], [key.keyArn], viaService(this, 'dynamodb'));
    this.acknowledgeTask(task);
    return task;
  }

  private acknowledgeTask(task: FargateTaskDefinition): void {
    const id = logicalId(this.bucket);
    acknowledge(task, {
      'AwsSolutions-ECS2': 'The variables hold names and addresses; the secret is a reference.',
      [`AwsSolutions-IAM5[Resource::<${id}.Arn>/scenarios/*]`]: 'Scenarios of all runs.',
      [`AwsSolutions-IAM5[Resource::<${id}.Arn>/runs/*]`]: 'Records of all runs.',
      'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken has no resources.',
    });
  }

  private createStateMachine(
    cluster: Cluster,
    task: FargateTaskDefinition,
    definitionSubstitutions: Record<Substitution, string>,
  ): StateMachine {
    const { settings, names } = this.common;
    const stack = Stack.of(this);
    const role = new Role(this, 'Role', {
      description: `Starts the parts of load runs of ${names.stack}`,
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
    });
    const allow = (
      actions: string[],
      resources: string[],
      conditions?: Record<string, unknown>,
    ) => {
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    };
    const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
    const tasks = stack.formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${cluster.clusterName}/*`,
    });
    allow(['ecs:RunTask'], [task.taskDefinitionArn], inCluster);
    allow(['ecs:DescribeTasks', 'ecs:StopTask'], [tasks], inCluster);
    allow(['iam:PassRole'], [task.taskRole.roleArn, task.obtainExecutionRole().roleArn], {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    });
    // Step Functions learns of the end of a task through this rule of its own.
    const rule = stack.formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: 'StepFunctionsGetEventsForECSTaskRule',
    });
    allow(['events:DescribeRule', 'events:PutRule', 'events:PutTargets'], [rule]);
    const stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: names.of('load'),
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition())),
      definitionSubstitutions,
      role,
      timeout: Duration.minutes(MINUTES_MAX + 60),
      logs: {
        destination: new StageLogGroup(
          this,
          'StateLogs',
          settings,
          `/aws/vendedlogs/states/${names.of('load')}`,
        ),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
    const ignored = { config: { ignore_checks: ['E3601'] } };
    // The rule knows neither other partitions nor expressions for TimeoutSeconds.
    (stateMachine.node.defaultChild as CfnResource).addMetadata('cfn-lint', ignored);
    acknowledge(stateMachine, {
      'AwsSolutions-SF2': 'A run is one call of ECS for each part, which the logs show.',
    });
    const partition = arnComponent(stack.partition, 'Partition');
    const region = arnComponent(stack.region, 'Region');
    const inAccount = `arn:${partition}:ecs:${region}:<AWS::AccountId>`;
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]': 'The delivery of logs has no resources.',
      [`AwsSolutions-IAM5[Resource::${inAccount}:task/<${logicalId(cluster)}>/*]`]:
        'Tasks of the cluster, whose ids are unknown before they start.',
    });
    return stateMachine;
  }
}
