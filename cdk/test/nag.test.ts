import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { SETTINGS } from '../lib/settings/definitions';
import { pipelineStack, stack } from './template';

/** With everything that a setting adds. */
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

/** Throws when a rule of AwsSolutions or one of CDK's own is broken without a reason. */
function checked(of: Stack): void {
  const app = Stage.of(of);
  assert.ok(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

test('no rule is broken without a reason', () => {
  checked(stack(EVERYTHING));
  checked(stack({ ...EVERYTHING, region: 'eu-central-1' }));
});

test('no rule is broken by the pipeline without a reason', () => {
  checked(pipelineStack());
  checked(pipelineStack({ region: 'eu-central-1' }));
});

test('a broken rule would be noticed', () => {
  const careless = new Stack(new App(), 'Careless');
  new Bucket(careless, 'Bucket');
  assert.throws(() => {
    checked(careless);
  }, /Validation failed/);
});
