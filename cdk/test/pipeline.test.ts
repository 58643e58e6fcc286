import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { readSettings } from '../lib/read-settings';
import { SETTINGS } from '../lib/settings';
import { pipelineStack } from './template';

function pipeline(values = {}): Template {
  return Template.fromStack(pipelineStack(values));
}

function actions(template: Template): string[] {
  const [found] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  const { Stages } = found?.Properties as { Stages: { Actions: { Name: string }[] }[] };
  return Stages.flatMap((stage) => stage.Actions.map(({ Name }) => Name));
}

test('a push is built and tested then approved then deployed', () => {
  assert.deepEqual(actions(pipeline()), ['Source', 'BuildAndTest', 'Approve', 'Deploy']);
});

test('who trusts the tests deploys without approval', () => {
  assert.deepEqual(actions(pipeline({ pipelineApproval: false })), [
    'Source',
    'BuildAndTest',
    'Deploy',
  ]);
});

test('what is deployed is what was tested and nothing is built anew', () => {
  const projects = pipeline().findResources('AWS::CodeBuild::Project');
  const specs = Object.values(projects).map(
    ({ Properties }) => (Properties as { Source: { BuildSpec: string } }).Source.BuildSpec,
  );
  const deploy = specs.find((spec) => spec.includes('cdk deploy')) ?? '';
  assert.match(deploy, /--app cdk\.out/);
  assert.doesNotMatch(deploy, /lambdas|cargo|synth/);
  const build = specs.find((spec) => spec.includes('cdk synth')) ?? '';
  for (const step of ['./check', './lambdas --arch arm64', 'cdk.out/**/*']) {
    assert.ok(build.includes(step), step);
  }
});

test('the pipeline and its build may use a connection under both of its names', () => {
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

test('the source is cloned so that its scripts may be executed', () => {
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

test('the machine that builds is of the architecture that is deployed', () => {
  const types = { arm64: 'ARM_CONTAINER', x86_64: 'LINUX_CONTAINER' };
  for (const [architecture, Type] of Object.entries(types)) {
    pipeline({ architecture }).allResourcesProperties('AWS::CodeBuild::Project', {
      Environment: Match.objectLike({ Type }),
    });
  }
});

test('the deployment may take the roles of the bootstrap and no other', () => {
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

test('the pipeline stands in the region that it deploys to', () => {
  const stack = pipelineStack({ region: 'eu-central-1' });
  assert.equal(stack.region, 'eu-central-1');
  const text = JSON.stringify(Template.fromStack(stack).toJSON());
  for (const role of ['deploy', 'file-publishing', 'lookup']) {
    assert.match(text, new RegExp(`cdk-hnb659fds-${role}-role-[^/]*-eu-central-1"`), role);
  }
});

test('a repository without its connection is refused', () => {
  assert.throws(
    () => readSettings([{ where: 'test', values: { pipelineRepository: 'example/daymark' } }]),
    /pipelineRepository and pipelineConnection belong together/,
  );
});
