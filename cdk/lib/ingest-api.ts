/** HTTP API for events and offers, and the function that receives events. */

import { CfnOutput, Duration } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  CorsHttpMethod,
  type CorsPreflightOptions,
  DomainName,
  EndpointType,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { RollbackAlarm } from './delivery/delivery';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { SCOPES, type Identity } from './identity';
import { metric } from './metrics';
import { acknowledge } from './nag-acknowledgements';
import { StageLogGroup } from './stage-log-group';
import type { Stream } from './stream';

/** Fields of a request in the access log. Tokens and bodies must not be logged. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  client: '$context.authorizer.claims.client_id',
  caller: '$context.identity.caller',
  sourceIp: '$context.identity.sourceIp',
  userAgent: '$context.identity.userAgent',
  responseBytes: '$context.responseLength',
  responseMillis: '$context.responseLatency',
  integrationMillis: '$context.integrationLatency',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
};

/** Health checks a second of all callers. A monitor makes one in some seconds. */
const HEALTH_CHECKS_PER_SECOND = 10;

export class IngestApi extends Construct {
  readonly function: DaymarkFunction;
  readonly api: HttpApi;
  readonly rollbackAlarms: readonly RollbackAlarm[];
  /** Address of the API, without a path. */
  readonly url: string;
  private readonly byToken: HttpJwtAuthorizer;
  private readonly stage: HttpStage;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
    { stream, identity }: { stream: Stream; identity: Identity },
  ) {
    super(scope, id);
    const { settings, names } = common;
    this.function = new DaymarkFunction(this, 'Function', common, {
      name: 'ingest',
      description: 'Validates events and writes them to the stream',
      memoryMegabytes: settings.ingestMemory,
      // API Gateway times out after 30 seconds.
      timeout: Duration.seconds(29),
      reserved: settings.ingestReserved,
      environment: {
        [VARIABLES.stream]: names.stream,
        ...(settings.eventAgeMaxDays && { [VARIABLES.eventAgeMaxDays]: settings.eventAgeMaxDays }),
      },
    });
    stream.allowPut(this.function);
    this.api = new HttpApi(this, 'Api', {
      apiName: names.of('api'),
      description: `API of ${names.stack}`,
      createDefaultStage: false,
      // Callers of this address would not need a client certificate.
      disableExecuteApiEndpoint: settings.truststore !== undefined,
      corsPreflight: this.cors(),
    });
    const { domainName } = settings;
    this.url = domainName === undefined ? this.api.apiEndpoint : `https://${domainName}`;
    this.byToken = new HttpJwtAuthorizer('ByToken', identity.issuer, {
      jwtAudience: identity.clients.map((client) => client.userPoolClientId),
    });
    this.stage = this.addStage();
    const eventsWrite = [SCOPES.eventsWrite];
    this.addRoute(HttpMethod.POST, '/v1/events', this.function, this.byToken, eventsWrite);
    this.addRoute(HttpMethod.POST, '/v1/validate', this.function, this.byToken, eventsWrite);
    this.addRoute(HttpMethod.GET, '/v1/limits', this.function, this.byToken, eventsWrite);
    this.addRoute(HttpMethod.POST, '/v1/internal/events', this.function, new HttpIamAuthorizer());
    this.addAlarms();
    this.rollbackAlarms = [this.serverErrors()];
  }

  /**
   * Returns the answer to pages of other origins. API Gateway answers preflight requests itself, so
   * that these need no token. Source: API Gateway, CORS for HTTP APIs.
   */
  private cors(): CorsPreflightOptions | undefined {
    const { corsOrigins } = this.common.settings;
    if (corsOrigins.length === 0) return undefined;
    return {
      allowOrigins: [...corsOrigins],
      allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
      // The ce- headers are those of a CloudEvent in binary mode.
      allowHeaders: [
        'authorization',
        'content-type',
        'content-encoding',
        'idempotency-key',
        'ce-specversion',
        'ce-id',
        'ce-time',
        'ce-type',
        'ce-source',
        'if-none-match',
      ],
      // Without them, a page cannot read the delay before it should send again, nor the next page
      // and the tag of an answer.
      exposeHeaders: ['retry-after', 'link', 'etag', 'x-incomplete'],
      maxAge: Duration.hours(1),
    };
  }

  /** Adds a route to a function. Without an authorizer the route is public. */
  private addRoute(
    method: HttpMethod,
    path: string,
    to: DaymarkFunction,
    authorizer?: IHttpRouteAuthorizer,
    authorizationScopes?: string[],
  ) {
    const [route] = this.api.addRoutes({
      path,
      methods: [method],
      integration: new HttpLambdaIntegration(to.name, to.alias),
      authorizer,
      authorizationScopes,
    });
    if (!route) throw new Error(`CDK added no route for ${method} ${path}`);
    return route;
  }

  /** Adds a route for readers of offers. */
  addOffersRoute(path: string, to: DaymarkFunction): void {
    this.addRoute(HttpMethod.GET, path, to, this.byToken, [SCOPES.offersRead]);
  }

  /** Adds a route for readers of figures. */
  addFiguresRoute(path: string, to: DaymarkFunction): void {
    this.addRoute(HttpMethod.GET, path, to, this.byToken, [SCOPES.figuresRead]);
  }

  /**
   * Adds the public health check. It has few requests a second of its own, and a function that
   * receives no events, so that callers without a token take nothing from the tills.
   */
  addHealthCheck(to: DaymarkFunction): void {
    const health = this.addRoute(HttpMethod.GET, '/healthz', to);
    acknowledge(health, {
      'AwsSolutions-APIG4': 'Monitors without a token call the health check.',
    });
    const stage = this.stage.node.defaultChild as CfnStage;
    stage.routeSettings = {
      'GET /healthz': {
        ThrottlingRateLimit: HEALTH_CHECKS_PER_SECOND,
        ThrottlingBurstLimit: 2 * HEALTH_CHECKS_PER_SECOND,
      },
    };
    // API Gateway refuses settings of a route that does not exist.
    stage.node.addDependency(health);
  }

  private addStage(): HttpStage {
    const { settings, names } = this.common;
    // API Gateway may write to all groups with this prefix, so that no policy grows with them.
    const logGroupName = `/aws/vendedlogs/${names.of('api')}`;
    const logGroup = new StageLogGroup(this, 'AccessLogs', settings, logGroupName);
    const domain = this.domain();
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      // Metrics of each route cost as much as custom metrics, and the functions have their own.
      detailedMetricsEnabled: false,
      throttle: { rateLimit: settings.throttleRate, burstLimit: settings.throttleBurst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
      domainMapping: domain && { domainName: domain },
    });
    if (domain) {
      new CfnOutput(this, 'DomainTarget', {
        key: 'DomainTarget',
        description: `Target of the CNAME or alias record for ${this.common.settings.domainName}`,
        value: domain.regionalDomainName,
      });
    }
    return stage;
  }

  private domain(): DomainName | undefined {
    const { domainName, certificateArn, truststore, truststoreVersion, ownershipCertificateArn } =
      this.common.settings;
    if (domainName === undefined || certificateArn === undefined) return undefined;
    const [bucket, ...path] = (truststore ?? '').replace('s3://', '').split('/');
    return new DomainName(this, 'Domain', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      ownershipCertificate: ownershipCertificateArn
        ? Certificate.fromCertificateArn(this, 'OwnershipCertificate', ownershipCertificateArn)
        : undefined,
      endpointType: EndpointType.REGIONAL,
      mtls: bucket
        ? {
            bucket: Bucket.fromBucketName(this, 'Truststore', bucket),
            key: path.join('/'),
            version: truststoreVersion,
          }
        : undefined,
    });
  }

  private serverErrors(): RollbackAlarm {
    const period = Duration.minutes(1);
    const failed = this.api.metricServerError({ statistic: 'Sum', period });
    return {
      name: '5xx',
      metric: new MathExpression({
        label: 'failed requests, %',
        // A share, because in a large chain some requests always fail. More than one request,
        // because a single one of few is a large share.
        expression: 'IF(failed > 1, 100 * failed / all, 0)',
        usingMetrics: { failed, all: this.api.metricCount({ statistic: 'Sum', period }) },
        period,
      }),
      threshold: 1,
      description: 'The API answers more than 1 % of all requests with 5xx.',
    };
  }

  private addAlarms(): void {
    const { settings, names, alarms } = this.common;
    const period = Duration.minutes(5);
    const own = (outcome: string) =>
      metric(names, 'daymark_ingest_events_total', { of: { outcome }, period });
    alarms.add({
      name: 'events-retry',
      metric: own('retry'),
      threshold: 0,
      periods: 3,
      description: 'Events have been answered `retry` for 15 minutes; tills keep them.',
      runbook: 'events-are-answered-retry',
    });
    unlessEmulated(settings, () => {
      alarms.add({
        name: 'api-4xx',
        metric: new MathExpression({
          label: 'refused requests, %',
          // With few requests, a few wrong ones are a large share.
          expression: 'IF(all > 50, 100 * refused / all, 0)',
          usingMetrics: {
            refused: this.api.metricClientError({ statistic: 'Sum', period }),
            all: this.api.metricCount({ statistic: 'Sum', period }),
          },
          period,
        }),
        threshold: 20,
        periods: 3,
        description: 'More than 20 % of all requests have been refused (4xx) for 15 minutes.',
        runbook: 'requests-are-refused',
      });
      alarms.add({
        name: 'events-rejected',
        metric: new MathExpression({
          label: 'rejected events, %',
          expression:
            'IF(SUM([rejected, stored]) > 50, 100 * rejected / SUM([rejected, stored]), 0)',
          usingMetrics: { rejected: own('rejected'), stored: own('stored') },
          period,
        }),
        threshold: 5,
        periods: 3,
        description: 'More than 5 % of all events have broken a rule for 15 minutes.',
        runbook: 'requests-are-refused',
      });
    });
    alarms.add({
      name: 'api-5xx',
      metric: this.api.metricServerError({ period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 0,
      periods: 5,
      description: 'The API has answered 5xx for five minutes; tills keep their events.',
      runbook: 'events-are-answered-retry',
    });
  }
}
