/** Identities of the callers of the API: tills use client credentials, and analysts sign in. */

import { Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  LambdaVersion,
  Mfa,
  OAuthScope,
  ResourceServerScope,
  UserPool,
  UserPoolClient,
  UserPoolDomain,
  UserPoolOperation,
  UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import { acknowledge } from './nag-acknowledgements';
import { removalPolicy } from './removal-policy';
import type { Tables } from './tables';

/** Cognito resource server. Its name is the first half of a scope, as in `daymark/events:write`. */
const RESOURCE_SERVER = 'daymark';

const EVENTS_WRITE = new ResourceServerScope({
  scopeName: 'events:write',
  scopeDescription: 'Send events of the stores granted to the client',
});
const OFFERS_READ = new ResourceServerScope({
  scopeName: 'offers:read',
  scopeDescription: 'Read offers',
});

const FIGURES_READ = new ResourceServerScope({
  scopeName: 'figures:read',
  scopeDescription: 'Read stock, sales, offers and their effect',
});

/** Scopes as written in a token. */
export const SCOPES = {
  eventsWrite: `${RESOURCE_SERVER}/${EVENTS_WRITE.scopeName}`,
  offersRead: `${RESOURCE_SERVER}/${OFFERS_READ.scopeName}`,
  figuresRead: `${RESOURCE_SERVER}/${FIGURES_READ.scopeName}`,
};

export class Identity extends Construct {
  readonly pool: UserPool;
  /** Issuer of the tokens. */
  readonly issuer: string;
  readonly tills: readonly UserPoolClient[];
  /** Programs that read figures. */
  readonly readers: readonly UserPoolClient[];
  readonly analysts: UserPoolClient;
  readonly domain: UserPoolDomain;

  constructor(scope: Construct, id: string, common: CommonProps, tables: Tables) {
    super(scope, id);
    const { settings, names } = common;
    this.pool = new UserPool(this, 'Pool', {
      userPoolName: names.of('users'),
      // Smallest plan in which a trigger can add claims to the access tokens of machines.
      featurePlan: FeaturePlan.ESSENTIALS,
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      deletionProtection: settings.keepData,
      removalPolicy: removalPolicy(settings),
    });
    acknowledge(this.pool, {
      'AwsSolutions-COG2':
        'Second factors are optional: analysts read figures of the retailer and change nothing.',
      'AwsSolutions-COG8':
        'Threat protection of the Plus plan covers people who sign in; tills are machines.',
    });
    const { region, urlSuffix } = Stack.of(this);
    this.issuer = `https://cognito-idp.${region}.${urlSuffix}/${this.pool.userPoolId}`;
    this.addStoresToTokens(common, tables);

    const server = new UserPoolResourceServer(this, 'Server', {
      userPool: this.pool,
      identifier: RESOURCE_SERVER,
      scopes: [EVENTS_WRITE, OFFERS_READ, FIGURES_READ],
    });
    const eventsWrite = OAuthScope.resourceServer(server, EVENTS_WRITE);
    const offersRead = OAuthScope.resourceServer(server, OFFERS_READ);
    const figuresRead = OAuthScope.resourceServer(server, FIGURES_READ);
    this.tills = settings.tillClients.map((name) =>
      this.pool.addClient(`Till-${name}`, {
        userPoolClientName: names.of(name),
        generateSecret: true,
        oAuth: { flows: { clientCredentials: true }, scopes: [eventsWrite, offersRead] },
        accessTokenValidity: Duration.hours(settings.tillTokenHours),
        enableTokenRevocation: true,
      }),
    );
    this.readers = settings.readerClients.map((name) =>
      this.pool.addClient(`Reader-${name}`, {
        userPoolClientName: names.of(name),
        generateSecret: true,
        oAuth: { flows: { clientCredentials: true }, scopes: [offersRead, figuresRead] },
        accessTokenValidity: Duration.hours(1),
        enableTokenRevocation: true,
      }),
    );
    this.analysts = this.pool.addClient('Analysts', {
      userPoolClientName: names.of('analysts'),
      // A program on a desktop computer cannot keep a secret: code grant with PKCE.
      generateSecret: false,
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID, OAuthScope.EMAIL, offersRead, figuresRead],
        callbackUrls: [...settings.analystCallbackUrls],
        logoutUrls: [...settings.analystCallbackUrls],
      },
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      enableTokenRevocation: true,
    });
    this.domain = this.pool.addDomain('Domain', {
      // Unique in the region, across all accounts.
      cognitoDomain: { domainPrefix: `daymark-${settings.stage}-${Aws.ACCOUNT_ID}` },
    });
  }

  /** All clients whose tokens the API takes. */
  get clients(): readonly UserPoolClient[] {
    return [...this.tills, ...this.readers, this.analysts];
  }

  /** Adds a trigger that writes the stores granted to a client into its tokens. */
  private addStoresToTokens(common: CommonProps, tables: Tables): void {
    const token = new DaymarkFunction(this, 'Token', common, {
      name: 'token',
      description: 'Writes the stores granted to a client into its access tokens',
      memoryMegabytes: 256,
      // Maximum of Cognito.
      timeout: Duration.seconds(5),
      environment: { [VARIABLES.tablePrefix]: common.names.prefix },
    });
    tables.allow(token, 'clients', ['GetItem']);
    this.pool.addTrigger(
      UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
      token.alias,
      LambdaVersion.V3_0,
    );
  }
}
