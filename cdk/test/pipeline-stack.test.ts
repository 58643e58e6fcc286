import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { parseSettings } from '../lib/settings/parser';
import { SETTINGS } from '../lib/settings/definitions';
import { pipelineStack } from './template';

function pipeline(values = {}): Template {
  return Template.fromStack(pipelineStack(values));
}

function actions(template: Template): string[] {
  const [found] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  const { Stages } = found?.Properties as { Stages: { Actions: { Name: string }[] }[] };
  return Stages.flatMap((stage) => stage.Actions.map(({ Name }) => Name));
}

test('a push is built and tested, then approved, then deployed', () => {
  assert.deepEqual(actions(pipeline()), ['Source', 'BuildAndTest', 'Approve', 'Deploy']);
});

test('a setting omits the approval', () => {
  assert.deepEqual(actions(pipeline({ pipelineApproval: false })), [
    'Source',
    'BuildAndTest',
    'Deploy',
  ]);
});

/** Returns the buildspec with a command. */
function spec(command: string): string {
  const projects = pipeline().findResources('AWS::CodeBuild::Project');
  const specs = Object.values(projects).map(
    ({ Properties }) => (Properties as { Source: { BuildSpec: string } }).Source.BuildSpec,
  );
  return specs.find((each) => each.includes(command)) ?? '';
}

test('the deployment uses the tested build and builds nothing again', () => {
  const deploy = spec('cdk deploy');
  assert.match(deploy, /--app cdk\.out/);
  assert.doesNotMatch(deploy, /lambdas|cargo|synth/);
  const build = spec('cdk synth');
  for (const step of ['./check', './lambdas --arch arm64', 'cdk.out/**/*']) {
    assert.ok(build.includes(step), step);
  }
});

test('the build has the Rust that Cargo.toml names, and the Node and Python of its checks', () => {
  const cargo = readFileSync(resolve(__dirname, '../../../Cargo.toml'), 'utf8');
  const [, rust = ''] = /^rust-version = "([\d.]+)"/m.exec(cargo) ?? [];
  assert.ok(spec('./check').includes(`--default-toolchain ${rust}.0 `), rust);
  const { phases } = JSON.parse(spec('./check')) as {
    phases: { install: { 'runtime-versions': Record<string, unknown> } };
  };
  assert.deepEqual(phases.install['runtime-versions'], { nodejs: 24, python: '3.13' });
});

test('the deployment makes the binaries executable before they are packed', () => {
  assert.match(spec('cdk deploy'), /chmod \+x cdk\.out\/asset\.\*\/bootstrap[^]*cdk deploy/);
});

test('the pipeline and its build may use a connection by both names of the action', () => {
  const template = pipeline();
  for (const PolicyName of ['^SourceRole', '^BuildRole']) {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp(PolicyName),
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['codeconnections:UseConnection', 'codestar-connections:UseConnection'],
            Resource: SETTINGS.pipelineConnection.example,
          }),
        ]),
      }),
    });
  }
});

test('the source is cloned, so that its scripts stay executable', () => {
  pipeline().hasResourceProperties('AWS::CodePipeline::Pipeline', {
    Stages: Match.arrayWith([
      Match.objectLike({
        Name: 'Source',
        Actions: [
          Match.objectLike({
            Configuration: Match.objectLike({ OutputArtifactFormat: 'CODEBUILD_CLONE_REF' }),
          }),
        ],
      }),
    ]),
  });
});

test('the build runs on the architecture of the functions', () => {
  const types = { arm64: 'ARM_CONTAINER', x86_64: 'LINUX_CONTAINER' };
  for (const [architecture, Type] of Object.entries(types)) {
    pipeline({ architecture }).allResourcesProperties('AWS::CodeBuild::Project', {
      Environment: Match.objectLike({ Type }),
    });
  }
});

test('the deployment may assume the roles of the bootstrap and no others', () => {
  pipeline().hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: Match.objectLike({
      Statement: Match.arrayWith([
        Match.objectLike({ Action: 'sts:AssumeRole', Resource: Match.anyValue() }),
      ]),
    }),
  });
  const text = JSON.stringify(pipeline().toJSON());
  for (const role of ['deploy', 'file-publishing', 'lookup']) {
    assert.ok(text.includes(`:role/cdk-hnb659fds-${role}-role-`), role);
  }
  assert.ok(!text.includes('AdministratorAccess'));
});

test('the pipeline is in the region of the deployment', () => {
  const stack = pipelineStack({ region: 'eu-central-1' });
  assert.equal(stack.region, 'eu-central-1');
  const text = JSON.stringify(Template.fromStack(stack).toJSON());
  for (const role of ['deploy', 'file-publishing', 'lookup']) {
    assert.match(text, new RegExp(`cdk-hnb659fds-${role}-role-[^/]*-eu-central-1"`), role);
  }
});

test('a repository without its connection is refused', () => {
  assert.throws(
    () => parseSettings([{ where: 'test', values: { pipelineRepository: 'example/daymark' } }]),
    /pipelineRepository and pipelineConnection belong together/,
  );
});
