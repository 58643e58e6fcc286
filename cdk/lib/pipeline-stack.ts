/** Optional: each push is built, tested, and deployed, after somebody said yes. */

import { type CfnElement, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  BuildSpec,
  ComputeType,
  type IBuildImage,
  LinuxArmBuildImage,
  LinuxBuildImage,
  PipelineProject,
} from 'aws-cdk-lib/aws-codebuild';
import { Artifact, Pipeline, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import {
  CodeBuildAction,
  CodeStarConnectionsSourceAction,
  ManualApprovalAction,
} from 'aws-cdk-lib/aws-codepipeline-actions';
import { ArnPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, named } from './nag-acknowledgements';
import { ResourceNames } from './resource-names';
import type { Settings } from './settings/definitions';

/** What the pipeline needs to know; `undefined` when no pipeline is asked for. */
export interface PipelineProps extends StackProps {
  readonly settings: Settings;
  /** Owner and name. */
  readonly repository: string;
  readonly connectionArn: string;
}

/** The release that `Cargo.toml` names: a newer one has lints that nobody has looked at. */
const RUST = '1.95.0';
const INSTALL_RUST =
  'curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | ' +
  `sh -s -- -y --profile minimal --default-toolchain ${RUST} --component clippy,rustfmt`;

/** Of those that both build images hold; the release check's functions run on this Node. */
const NODE = { nodejs: 24 };
const PYTHON = { python: '3.13' };

export class PipelineStack extends Stack {
  private readonly key: Key;
  private readonly names: ResourceNames;

  constructor(
    scope: Construct,
    private readonly props: PipelineProps,
  ) {
    const names = new ResourceNames(props.settings.stage);
    super(scope, `${names.stack}-pipeline`, {
      ...props,
      env: { region: props.settings.region },
      description: `What builds, tests and deploys ${names.stack}`,
    });
    this.names = names;
    const { settings, repository, connectionArn } = props;
    this.key = new Key(this, 'Key', {
      description: `Encrypts what the pipeline of ${names.stack} makes`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const pipeline = new Pipeline(this, 'Pipeline', {
      pipelineName: names.of('pipeline'),
      pipelineType: PipelineType.V2,
      artifactBucket: this.bucket(),
      restartExecutionOnUpdate: false,
    });
    const useConnection = new PolicyStatement({
      // CDK grants what connections were called before July 2024, and no more.
      actions: ['codeconnections:UseConnection'],
      resources: [connectionArn],
    });
    const sourceRole = new Role(this, 'SourceRole', {
      description: `How the pipeline of ${names.stack} hears of pushes`,
      assumedBy: new ArnPrincipal(pipeline.role.roleArn),
    });
    sourceRole.addToPolicy(useConnection);
    const buildProject = this.build();
    buildProject.addToRolePolicy(useConnection);
    const [owner = '', repo = ''] = repository.split('/');
    const source = new Artifact('source');
    const assembly = new Artifact('assembly');
    const from = new CodeStarConnectionsSourceAction({
      actionName: 'Source',
      owner,
      repo,
      branch: settings.pipelineBranch,
      connectionArn,
      role: sourceRole,
      // CodePipeline's own archive of a repository loses which files may be executed.
      codeBuildCloneOutput: true,
      output: source,
    });
    const build = new CodeBuildAction({
      actionName: 'BuildAndTest',
      project: buildProject,
      input: source,
      outputs: [assembly],
    });
    const deploy = new CodeBuildAction({
      actionName: 'Deploy',
      project: this.deploy(),
      input: assembly,
      runOrder: 2,
    });
    const approve = new ManualApprovalAction({
      actionName: 'Approve',
      additionalInformation: `Deploys ${names.stack}; docs/release.md says what follows`,
      runOrder: 1,
    });
    pipeline.addStage({ stageName: 'Source', actions: [from] });
    pipeline.addStage({ stageName: 'Build', actions: [build] });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: settings.pipelineApproval ? [approve, deploy] : [deploy],
    });
    this.acknowledgeGrants();
  }

  /** What CDK grants CodePipeline and CodeBuild by itself. */
  private acknowledgeGrants(): void {
    const idOf = (id: string) =>
      this.getLogicalId(this.node.findChild(id).node.defaultChild as CfnElement);
    const partition = named(this.partition, 'Partition');
    const region = named(this.region, 'Region');
    const logs = `arn:${partition}:logs:${region}:<AWS::AccountId>:log-group:/aws/codebuild`;
    const artifacts = "CDK's grant of the pipeline's own artifacts: one bucket and one key.";
    const actions = [
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
      's3:Abort*',
      's3:DeleteObject*',
      's3:GetBucket*',
      's3:GetObject*',
      's3:List*',
    ];
    acknowledge(this, {
      ...Object.fromEntries(
        actions.map((action) => [`AwsSolutions-IAM5[Action::${action}]`, artifacts]),
      ),
      [`AwsSolutions-IAM5[Resource::<${idOf('Artifacts')}.Arn>/*]`]: artifacts,
      ...Object.fromEntries(
        ['Build', 'Deploy'].map((id) => [
          `AwsSolutions-IAM5[Resource::${logs}/<${idOf(id)}>:*]`,
          "The streams of the project's own log group.",
        ]),
      ),
    });
  }

  /** Everything that must pass, and then the very binaries and templates that passed. */
  private build(): PipelineProject {
    const { architecture, stage } = this.props.settings;
    // Eight processors and 16 GB: all of Daymark is compiled for its tests, and again optimized.
    return this.project('Build', 'build', Duration.hours(2), ComputeType.LARGE, {
      phases: {
        install: {
          'runtime-versions': { ...NODE, ...PYTHON },
          commands: [INSTALL_RUST, '. "$HOME/.cargo/env"'],
        },
        build: {
          commands: [
            './check',
            `./lambdas --arch ${architecture}`,
            // Its packages are there, and it is checked: `./check` did both.
            'cd cdk',
            `npx cdk synth --quiet -c stage=${stage} ${this.names.stack}`,
          ],
        },
      },
      artifacts: { 'base-directory': 'cdk', files: ['cdk.out/**/*', 'package*.json', '.npmrc'] },
    });
  }

  private deploy(): PipelineProject {
    const project = this.project('Deploy', 'deploy', Duration.hours(2), ComputeType.SMALL, {
      phases: {
        install: { 'runtime-versions': NODE },
        build: {
          commands: [
            // An artifact may have lost which files may be executed, and Lambda asks for it.
            'chmod +x cdk.out/asset.*/bootstrap',
            'npm ci',
            `npx cdk deploy --app cdk.out --require-approval never ${this.names.stack}`,
          ],
        },
      },
    });
    const qualifier = 'hnb659fds';
    project.addToRolePolicy(
      new PolicyStatement({
        actions: ['sts:AssumeRole'],
        // What `cdk bootstrap` has made for this purpose.
        resources: ['deploy', 'file-publishing', 'lookup'].map((role) =>
          this.formatArn({
            service: 'iam',
            region: '',
            resource: 'role',
            resourceName: `cdk-${qualifier}-${role}-role-${this.account}-${this.region}`,
          }),
        ),
      }),
    );
    return project;
  }

  private project(
    id: string,
    name: string,
    timeout: Duration,
    computeType: ComputeType,
    spec: object,
  ): PipelineProject {
    const { settings } = this.props;
    const logGroup = new LogGroup(this, `${id}Logs`, {
      logGroupName: `/aws/codebuild/${this.names.of(name)}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new PipelineProject(this, id, {
      projectName: this.names.of(name),
      buildSpec: BuildSpec.fromObject({ version: '0.2', ...spec }),
      environment: { buildImage: this.image(), computeType },
      encryptionKey: this.key,
      logging: { cloudWatch: { logGroup } },
      grantReportGroupPermissions: false,
      timeout,
    });
  }

  /** Binaries are built and tested on a machine like the one that they run on. */
  private image(): IBuildImage {
    return this.props.settings.architecture === 'arm64'
      ? LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0
      : LinuxBuildImage.AMAZON_LINUX_2023_6;
  }

  private bucket(): Bucket {
    const bucket = new Bucket(this, 'Artifacts', {
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [{ expiration: Duration.days(30) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(bucket, {
      'AwsSolutions-S1':
        'Only the pipeline reads and writes it; nothing in it is older than a month.',
    });
    return bucket;
  }
}
