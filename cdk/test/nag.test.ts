import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { SETTINGS } from '../lib/settings/definitions';
import { pipelineStack, stack } from './template';

/** Settings that add all optional resources. */
const EVERYTHING = {
  streamMode: 'provisioned',
  streamShards: 4,
  tillClients: 'north,south',
  domainName: SETTINGS.domainName.example,
  certificateArn: SETTINGS.certificateArn.example,
  truststore: SETTINGS.truststore.example,
  alarmEmails: SETTINGS.alarmEmails.example,
  ingestReserved: 100,
};

/** Throws if a rule of AwsSolutions or of CDK is broken and not acknowledged. */
function check(stack: Stack): void {
  const app = Stage.of(stack);
  assert.ok(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

test('the stack breaks no rule without a reason', () => {
  check(stack(EVERYTHING));
  check(stack({ ...EVERYTHING, region: 'eu-central-1' }));
});

test('load runs break no rule without a reason', () => {
  const load = { stage: 'loadtest', loadImage: SETTINGS.loadImage.example };
  check(stack(load));
  check(stack({ ...load, region: 'eu-central-1' }));
});

test('the pipeline breaks no rule without a reason', () => {
  check(pipelineStack());
  check(pipelineStack({ region: 'eu-central-1' }));
});

test('a broken rule throws an error', () => {
  const careless = new Stack(new App(), 'Careless');
  new Bucket(careless, 'Bucket');
  assert.throws(() => {
    check(careless);
  }, /Validation failed/);
});

test('copies for tuning break no rule without a reason', () => {
  check(stack({ tuning: true }));
});
