/** Optional stack with a pipeline that builds, tests and deploys each push after an approval. */

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
import type { Construct } from 'constructs';
import { acknowledge, arnComponent } from './nag-acknowledgements';
import { PrivateBucket } from './private-bucket';
import { ResourceNames } from './resource-names';
import type { Settings } from './settings/definitions';

export interface PipelineProps extends StackProps {
  readonly settings: Settings;
  /** Owner and name, as in `example/daymark`. */
  readonly repository: string;
  readonly connectionArn: string;
}

/** Rust release that `Cargo.toml` names. A newer one can have new lints. */
const RUST = '1.95.0';
const INSTALL_RUST =
  'curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | ' +
  `sh -s -- -y --profile minimal --default-toolchain ${RUST} --component clippy,rustfmt`;

/** Versions in both build images. The release check runs on the same version of Node. */
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
      description: `Builds, tests and deploys ${names.stack}`,
    });
    this.names = names;
    const { settings, repository, connectionArn } = props;
    this.key = new Key(this, 'Key', {
      description: `Encrypts the artifacts of the pipeline of ${names.stack}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const pipeline = new Pipeline(this, 'Pipeline', {
      pipelineName: names.of('pipeline'),
      pipelineType: PipelineType.V2,
      artifactBucket: new PrivateBucket(this, 'Artifacts', {
        key: this.key,
        expirationDays: 30,
        removalPolicy: RemovalPolicy.DESTROY,
        withoutAccessLogs:
          'Only the pipeline reads and writes the bucket; objects expire after a month.',
      }),
      restartExecutionOnUpdate: false,
    });
    const useConnection = new PolicyStatement({
      // CDK grants only the action of the service's name before July 2024.
      actions: ['codeconnections:UseConnection'],
      resources: [connectionArn],
    });
    const sourceRole = new Role(this, 'SourceRole', {
      description: `Reads the repository for the pipeline of ${names.stack}`,
      assumedBy: new ArnPrincipal(pipeline.role.roleArn),
    });
    sourceRole.addToPolicy(useConnection);
    const buildProject = this.createBuildProject();
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
      // CodePipeline's own archive of a repository loses the executable bits of files.
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
      project: this.createDeployProject(),
      input: assembly,
      runOrder: 2,
    });
    const approve = new ManualApprovalAction({
      actionName: 'Approve',
      additionalInformation: `Deploys ${names.stack}; docs/release.md describes a release`,
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

  /** Acknowledges the permissions that CDK grants to CodePipeline and CodeBuild. */
  private acknowledgeGrants(): void {
    const idOf = (id: string) =>
      this.getLogicalId(this.node.findChild(id).node.defaultChild as CfnElement);
    const partition = arnComponent(this.partition, 'Partition');
    const region = arnComponent(this.region, 'Region');
    const logs = `arn:${partition}:logs:${region}:<AWS::AccountId>:log-group:/aws/codebuild`;
    const artifacts = "CDK's grant for the pipeline's own artifacts: one bucket and one key.";
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
          "Streams of the project's own log group.",
        ]),
      ),
    });
  }

  /** Creates the project that runs all checks and then builds what is deployed. */
  private createBuildProject(): PipelineProject {
    const { architecture, stage } = this.props.settings;
    // 8 vCPUs and 16 GB: the workspace is compiled for tests, and then for Lambda.
    return this.createProject('Build', 'build', Duration.hours(2), ComputeType.LARGE, {
      phases: {
        install: {
          'runtime-versions': { ...NODE, ...PYTHON },
          commands: [INSTALL_RUST, '. "$HOME/.cargo/env"'],
        },
        build: {
          commands: [
            './check',
            `./lambdas --arch ${architecture}`,
            // `./check` has installed the packages and checked the folder.
            'cd cdk',
            `npx cdk synth --quiet -c stage=${stage} ${this.names.stack}`,
          ],
        },
      },
      artifacts: { 'base-directory': 'cdk', files: ['cdk.out/**/*', 'package*.json', '.npmrc'] },
    });
  }

  private createDeployProject(): PipelineProject {
    const project = this.createProject('Deploy', 'deploy', Duration.hours(2), ComputeType.SMALL, {
      phases: {
        install: { 'runtime-versions': NODE },
        build: {
          commands: [
            // An artifact can lose the executable bits, which Lambda requires.
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
        // Roles that `cdk bootstrap` has created for deployments.
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

  private createProject(
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
      environment: { buildImage: this.buildImage(), computeType },
      encryptionKey: this.key,
      logging: { cloudWatch: { logGroup } },
      grantReportGroupPermissions: false,
      timeout,
    });
  }

  /** Returns the build image of the architecture on which the binaries run. */
  private buildImage(): IBuildImage {
    return this.props.settings.architecture === 'arm64'
      ? LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0
      : LinuxBuildImage.AMAZON_LINUX_2023_6;
  }
}
