import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { PipelineStack } from '../lib/pipeline-stack';
import { readSettings } from '../lib/read-settings';

const CONNECTION = 'arn:aws:codeconnections:eu-central-1:123456789012:connection/1234';

function pipeline(more = {}): Template {
  const values = { pipelineRepository: 'example/daymark', pipelineConnection: CONNECTION, ...more };
  const settings = readSettings([{ where: 'test', values }]);
  const stack = new PipelineStack(new App(), {
    settings,
    repository: 'example/daymark',
    connectionArn: CONNECTION,
  });
  return Template.fromStack(stack);
}

function actions(template: Template): string[] {
  const [found] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
  const { Stages } = found?.Properties as { Stages: { Actions: { Name: string }[] }[] };
  return Stages.flatMap((stage) => stage.Actions.map(({ Name }) => Name));
}

test('a_push_is_built_and_tested_then_approved_then_deployed', () => {
  assert.deepEqual(actions(pipeline()), ['Source', 'BuildAndTest', 'Approve', 'Deploy']);
});

test('who_trusts_the_tests_deploys_without_approval', () => {
  assert.deepEqual(actions(pipeline({ pipelineApproval: false })), [
    'Source',
    'BuildAndTest',
    'Deploy',
  ]);
});

test('what_is_deployed_is_what_was_tested_and_nothing_is_built_anew', () => {
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

test('the_machine_that_builds_is_of_the_architecture_that_is_deployed', () => {
  const types = { arm64: 'ARM_CONTAINER', x86_64: 'LINUX_CONTAINER' };
  for (const [architecture, Type] of Object.entries(types)) {
    pipeline({ architecture }).allResourcesProperties('AWS::CodeBuild::Project', {
      Environment: Match.objectLike({ Type }),
    });
  }
});

test('the_deployment_may_take_the_roles_of_the_bootstrap_and_no_other', () => {
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

test('a_repository_without_its_connection_is_refused', () => {
  assert.throws(
    () => readSettings([{ where: 'test', values: { pipelineRepository: 'example/daymark' } }]),
    /pipelineRepository and pipelineConnection belong together/,
  );
});
