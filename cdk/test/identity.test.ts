import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { resources, template } from './template';

const POOL = 'AWS::Cognito::UserPool';
const CLIENT = 'AWS::Cognito::UserPoolClient';

test('only administrators create users', () => {
  template().hasResourceProperties(POOL, {
    AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
  });
});

test('the trigger can add claims to the tokens of machines', () => {
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

test('each group of tills has its own id and secret, and its scopes', () => {
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

test('a program that reads figures has its own id and secret, and cannot send events', () => {
  const all = Object.values(resources(template({ readerClients: 'reports' }), CLIENT));
  const [reader] = all.filter(({ Properties }) => Properties.ClientName === 'daymark-dev-reports');
  assert.deepEqual(reader?.Properties.AllowedOAuthFlows, ['client_credentials']);
  assert.equal(reader.Properties.GenerateSecret, true);
  const scopes = JSON.stringify(reader.Properties.AllowedOAuthScopes);
  assert.match(scopes, /offers:read.*figures:read/);
  assert.doesNotMatch(scopes, /events:write/);
});

test('no till reads figures', () => {
  for (const { Properties } of Object.values(resources(template(), CLIENT))) {
    const scopes = JSON.stringify(Properties.AllowedOAuthScopes);
    assert.equal(scopes.includes('figures:read'), !scopes.includes('events:write'), scopes);
  }
});

test('analysts sign in with a code, have no secret and cannot send events', () => {
  const url = 'https://reports.example.com/back';
  template({ analystCallbackUrls: url }).hasResourceProperties(CLIENT, {
    ClientName: 'daymark-dev-analysts',
    GenerateSecret: false,
    AllowedOAuthFlows: ['code'],
    CallbackURLs: [url],
    AllowedOAuthScopes: Match.not(Match.arrayWith([Match.stringLikeRegexp('events:write')])),
  });
});

test("a till's token is valid for 12 hours or as configured, an analyst's for an hour", () => {
  const hours = (till: number) => ({ 'daymark-dev-tills': till, 'daymark-dev-analysts': 1 });
  const validities = (values: Record<string, unknown>) =>
    Object.fromEntries<number>(
      Object.values(resources(template(values), CLIENT)).map(({ Properties }) => {
        const { ClientName, AccessTokenValidity, TokenValidityUnits } = Properties;
        assert.equal((TokenValidityUnits as { AccessToken: string }).AccessToken, 'minutes');
        return [String(ClientName), Number(AccessTokenValidity) / 60];
      }),
    );
  assert.deepEqual(validities({}), hours(12));
  assert.deepEqual(validities({ tillTokenHours: 24 }), hours(24));
});

test('users are retained by default', () => {
  template().hasResource(POOL, {
    DeletionPolicy: 'RetainExceptOnCreate',
    Properties: { DeletionProtection: 'ACTIVE' },
  });
  template({ keepData: false }).hasResource(POOL, {
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtection: 'INACTIVE' },
  });
});
