import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { SETTINGS } from '../lib/settings/definitions';
import { resources, template } from './template';

const ROUTE = 'AWS::ApiGatewayV2::Route';
const API = 'AWS::ApiGatewayV2::Api';
const STAGE = 'AWS::ApiGatewayV2::Stage';

const OWN_DOMAIN = {
  domainName: SETTINGS.domainName.example,
  certificateArn: SETTINGS.certificateArn.example,
};

test('events require a token of the pool with the scope events:write', () => {
  template().hasResourceProperties(ROUTE, {
    RouteKey: 'POST /v1/events',
    AuthorizationType: 'JWT',
    AuthorizationScopes: ['daymark/events:write'],
  });
});

test('figures require a token with the scope figures:read', () => {
  for (const path of ['/v1/stores', '/v1/days', '/v1/stores/{store_id}/stock']) {
    template().hasResourceProperties(ROUTE, {
      RouteKey: `GET ${path}`,
      AuthorizationType: 'JWT',
      AuthorizationScopes: ['daymark/figures:read'],
    });
  }
});

test('offers require a token with the scope offers:read', () => {
  template().hasResourceProperties(ROUTE, {
    RouteKey: 'GET /v1/stores/{store_id}/offers',
    AuthorizationType: 'JWT',
    AuthorizationScopes: ['daymark/offers:read'],
  });
});

test('producers within the account sign with IAM', () => {
  template().hasResourceProperties(ROUTE, {
    RouteKey: 'POST /v1/internal/events',
    AuthorizationType: 'AWS_IAM',
  });
});

test('only the health check is public', () => {
  const routes = Object.values(resources(template(), ROUTE)).map(({ Properties }) => Properties);
  const open = routes.filter(({ AuthorizationType }) => AuthorizationType === 'NONE');
  assert.deepEqual(
    open.map(({ RouteKey }) => RouteKey),
    ['GET /healthz'],
  );
});

test('callers of the health check start another function than tills, and few times a second', () => {
  const routes = Object.values(resources(template(), ROUTE)).map(({ Properties }) => Properties);
  const integrations = resources(template(), 'AWS::ApiGatewayV2::Integration');
  const functionOf = (key: string) => {
    const target = JSON.stringify(routes.find(({ RouteKey }) => RouteKey === key)?.Target);
    const [, integration] = /"Ref":"(\w+)"/.exec(target) ?? [];
    return JSON.stringify(integrations[integration ?? '']?.Properties.IntegrationUri);
  };
  assert.notEqual(functionOf('GET /healthz'), functionOf('POST /v1/events'));
  assert.equal(functionOf('GET /healthz'), functionOf('GET /v1/stores/{store_id}/offers'));
  template().hasResourceProperties(STAGE, {
    RouteSettings: { 'GET /healthz': { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 } },
  });
});

test('API Gateway refuses tokens of other pools and of unknown clients', () => {
  const [authorizer] = Object.values(
    resources(template({ tillClients: 'north,south' }), 'AWS::ApiGatewayV2::Authorizer'),
  );
  const { Audience, Issuer } = authorizer?.Properties.JwtConfiguration as {
    Audience: { Ref: string }[];
    Issuer: unknown;
  };
  assert.equal(Audience.length, 3);
  for (const { Ref } of Audience) assert.match(Ref, /^IdentityPool(Tillnorth|Tillsouth|Analysts)/);
  assert.match(JSON.stringify(Issuer), /cognito-idp.*IdentityPool/);
});

test('the settings limit the rate of requests', () => {
  template({ throttleRate: 7, throttleBurst: 9 }).hasResourceProperties(STAGE, {
    DefaultRouteSettings: { ThrottlingRateLimit: 7, ThrottlingBurstLimit: 9 },
  });
});

test('only pages of the named origins may call the API, and by default none', () => {
  const [api] = Object.values(resources(template(), 'AWS::ApiGatewayV2::Api'));
  assert.equal(api?.Properties.CorsConfiguration, undefined);
  template({ corsOrigins: 'https://till.example' }).hasResourceProperties(
    'AWS::ApiGatewayV2::Api',
    {
      CorsConfiguration: {
        AllowOrigins: ['https://till.example'],
        AllowMethods: ['GET', 'POST'],
        AllowHeaders: Match.arrayWith(['authorization', 'content-type', 'ce-specversion']),
        ExposeHeaders: ['retry-after', 'link', 'etag', 'x-incomplete'],
        MaxAge: 3600,
      },
    },
  );
});

test('metrics of each route, which cost extra, are off', () => {
  template().hasResourceProperties(STAGE, {
    DefaultRouteSettings: { DetailedMetricsEnabled: false },
  });
});

test('the access log has ids and times, and no token', () => {
  const [stage] = Object.values(resources(template(), STAGE));
  const { Format } = stage?.Properties.AccessLogSettings as { Format: string };
  const fields = JSON.parse(Format) as Record<string, string>;
  assert.equal(fields.requestId, '$context.requestId');
  assert.doesNotMatch(Format, /header|authorization|body|querystring/i);
  assert.ok(Format.length < 3_000, 'API Gateway takes 3 KB');
});

test('only API Gateway may call the function, with a permission for each route', () => {
  const permissions = resources(template(), 'AWS::Lambda::Permission');
  const ofIngest = Object.entries(permissions).filter(([id]) => id.startsWith('IngestApi'));
  assert.ok(ofIngest.length >= 5);
  for (const [, { Properties }] of ofIngest) {
    assert.equal(Properties.Principal, 'apigateway.amazonaws.com');
    assert.match(JSON.stringify(Properties.SourceArn), /\/\*\/\*\/(v1|healthz)/);
  }
});

test('client certificates cannot be bypassed', () => {
  const truststore = 's3://example-truststore/tills/2026.pem';
  const withCertificates = template({ ...OWN_DOMAIN, truststore });
  withCertificates.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
    DomainName: OWN_DOMAIN.domainName,
    MutualTlsAuthentication: { TruststoreUri: truststore, TruststoreVersion: Match.absent() },
    DomainNameConfigurations: [
      Match.objectLike({ EndpointType: 'REGIONAL', CertificateArn: OWN_DOMAIN.certificateArn }),
    ],
  });
  withCertificates.hasResourceProperties(API, { DisableExecuteApiEndpoint: true });
  withCertificates.hasOutput('ApiUrl', { Value: `https://${OWN_DOMAIN.domainName}` });
});

test('a certificate of a private authority needs a certificate of ownership', () => {
  const truststore = SETTINGS.truststore.example;
  const ownershipCertificateArn = SETTINGS.ownershipCertificateArn.example;
  template({ ...OWN_DOMAIN, truststore, ownershipCertificateArn }).hasResourceProperties(
    'AWS::ApiGatewayV2::DomainName',
    {
      DomainNameConfigurations: [
        Match.objectLike({ OwnershipVerificationCertificateArn: ownershipCertificateArn }),
      ],
    },
  );
});

test('API Gateway gets the version of the truststore', () => {
  const truststore = SETTINGS.truststore.example;
  const truststoreVersion = SETTINGS.truststoreVersion.example;
  template({ ...OWN_DOMAIN, truststore, truststoreVersion }).hasResourceProperties(
    'AWS::ApiGatewayV2::DomainName',
    {
      MutualTlsAuthentication: { TruststoreUri: truststore, TruststoreVersion: truststoreVersion },
    },
  );
});

test("a domain without client certificates leaves API Gateway's own address open", () => {
  const domain = template(OWN_DOMAIN);
  domain.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
    MutualTlsAuthentication: Match.absent(),
  });
  domain.hasResourceProperties(API, { DisableExecuteApiEndpoint: false });
});
