import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CloudFormationTemplate,
  type SamTemplate,
  toLocalSam,
  toSam,
} from '../lib/sam-template';
import { template } from './template';

const TEMPLATE = template().toJSON() as CloudFormationTemplate;
const SAM = toSam(TEMPLATE, '..');

function functionsOf({ Resources }: SamTemplate) {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Serverless::Function')
    .map(({ Metadata = {}, Properties = {} }) => {
      const { CodeUri, FunctionName, Environment } = Properties as {
        CodeUri: string;
        FunctionName: string;
        Environment: { Variables: Record<string, unknown> };
      };
      return { Metadata, Properties, CodeUri, FunctionName, variables: Environment.Variables };
    });
}

test('every function is a function of SAM, with its code in the assembly', () => {
  assert.equal(SAM.Transform, 'AWS::Serverless-2016-10-31');
  const before = Object.values(TEMPLATE.Resources).filter(
    ({ Type }) => Type === 'AWS::Lambda::Function',
  );
  assert.equal(functionsOf(SAM).length, before.length);
  for (const { CodeUri, Properties } of functionsOf(SAM)) {
    assert.match(CodeUri, /^\.\.\/asset\.[0-9a-f]{64}$/);
    assert.ok(!('Code' in Properties));
  }
});

test('sam local finds a function by its name', () => {
  for (const { Metadata, FunctionName } of functionsOf(SAM)) {
    assert.equal(Metadata.SamResourceId, FunctionName);
  }
});

test('all other resources are the same, with the same ids', () => {
  assert.deepEqual(Object.keys(SAM.Resources), Object.keys(TEMPLATE.Resources));
  for (const [id, { Type, Properties }] of Object.entries(TEMPLATE.Resources)) {
    if (Type !== 'AWS::Lambda::Function') {
      assert.deepEqual(SAM.Resources[id]?.Properties, Properties);
    }
  }
});

test('parameters and rules of the CDK bootstrap are removed', () => {
  assert.ok(!('BootstrapVersion' in (SAM.Parameters ?? {})));
  assert.ok(!('CheckBootstrapVersion' in (SAM.Rules ?? {})));
});

test('the template calls AWS, and the local template calls daymark up', () => {
  const endpoints = { DAYMARK_STREAM: 'KINESIS', DAYMARK_TABLE_PREFIX: 'DYNAMODB' };
  const local = functionsOf(toLocalSam(SAM));
  assert.equal(local.length, functionsOf(SAM).length);
  for (const [used, service] of Object.entries(endpoints)) {
    const endpoint = `AWS_ENDPOINT_URL_${service}`;
    for (const { variables } of local) assert.equal(endpoint in variables, used in variables);
    for (const { variables } of functionsOf(SAM)) assert.ok(!(endpoint in variables));
  }
});
