import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { resources, template } from './template';

const POOL = 'AWS::Cognito::UserPool';
const CLIENT = 'AWS::Cognito::UserPoolClient';

test('nobody signs up by himself', () => {
  template().hasResourceProperties(POOL, {
    AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
  });
});

test('the trigger may put claims into the tokens of machines', () => {
  template().hasResourceProperties(POOL, {
    UserPoolTier: 'ESSENTIALS',
    LambdaConfig: {
      PreTokenGenerationConfig: {
        LambdaVersion: 'V3_0',
        LambdaArn: { Ref: Match.stringLikeRegexp('^IdentityTokenLive') },
      },
    },
  });
});

test('only this pool may call the trigger', () => {
  template().hasResourceProperties('AWS::Lambda::Permission', {
    Principal: 'cognito-idp.amazonaws.com',
    FunctionName: { Ref: Match.stringLikeRegexp('^IdentityTokenLive') },
    SourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^IdentityPool'), 'Arn'] },
  });
});

test('each group of tills has an id and a secret of its own, and its scopes', () => {
  const all = Object.values(resources(template({ tillClients: 'north,south' }), CLIENT));
  const tills = all.filter(({ Properties }) => Properties.GenerateSecret === true);
  assert.deepEqual(
    tills.map(({ Properties }) => Properties.ClientName),
    ['daymark-dev-north', 'daymark-dev-south'],
  );
  for (const { Properties } of tills) {
    assert.deepEqual(Properties.AllowedOAuthFlows, ['client_credentials']);
    const scopes = JSON.stringify(Properties.AllowedOAuthScopes);
    assert.match(scopes, /events:write.*offers:read/);
  }
});

test('analysts sign in with a code, keep no secret and cannot send events', () => {
  const url = 'https://reports.example.com/back';
  template({ analystCallbackUrls: url }).hasResourceProperties(CLIENT, {
    ClientName: 'daymark-dev-analysts',
    GenerateSecret: false,
    AllowedOAuthFlows: ['code'],
    CallbackURLs: [url],
    AllowedOAuthScopes: Match.not(Match.arrayWith([Match.stringLikeRegexp('events:write')])),
  });
});

test('users are kept by default', () => {
  template().hasResource(POOL, {
    DeletionPolicy: 'Retain',
    Properties: { DeletionProtection: 'ACTIVE' },
  });
  template({ keepData: false }).hasResource(POOL, {
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtection: 'INACTIVE' },
  });
});
