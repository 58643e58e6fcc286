/** The system, from the stream to the offers. */

import { Annotations, CfnOutput, CfnRule, Fn, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { Binaries } from './binaries';
import { Dashboard } from './dashboard';
import { DayClose } from './day-close';
import { Delivery } from './delivery/delivery';
import type { Deployment } from './deployment';
import { Identity } from './identity';
import { IngestApi } from './ingest-api';
import { Names } from './names';
import { OffersApi } from './offers-api';
import { OffersOut } from './offers-out/offers-out';
import { Pricing } from './pricing';
import { Queries } from './queries';
import { removalPolicy } from './removal';
import type { Settings } from './settings';
import { StockProcessor } from './stock-processor';
import { Stream } from './stream';
import { Tables } from './tables';

export interface DaymarkStackProps {
  readonly settings: Settings;
  readonly binaries: Binaries;
}

export class DaymarkStack extends Stack {
  constructor(scope: Construct, props: DaymarkStackProps) {
    const { settings, binaries } = props;
    const names = new Names(settings.stage);
    super(scope, names.stack, {
      env: { region: settings.region },
      description: `Daymark, stage ${settings.stage}`,
      terminationProtection: settings.keepData,
    });
    if (binaries.areMissing) this.refuseDeployment();
    const key = new Key(this, 'Key', {
      alias: names.stack.toLowerCase(),
      description: `Encrypts what ${names.stack} keeps`,
      enableKeyRotation: true,
      removalPolicy: removalPolicy(settings),
    });
    const alarms = new Alarms(this, 'Alarms', { settings, names, key });
    const deployment: Deployment = { settings, names, binaries, alarms, key };

    const stream = new Stream(this, 'Stream', deployment);
    const tables = new Tables(this, 'Tables', deployment);
    const identity = new Identity(this, 'Identity', deployment, tables);
    const ingestApi = new IngestApi(this, 'IngestApi', deployment, { stream, identity });
    const stockProcessor = new StockProcessor(this, 'StockProcessor', deployment, {
      stream,
      tables,
    });
    const pricing = new Pricing(this, 'Pricing', deployment, tables);
    const dayClose = new DayClose(this, 'DayClose', deployment, tables);
    new OffersApi(this, 'OffersApi', deployment, { api: ingestApi, tables });
    new OffersOut(this, 'OffersOut', deployment, tables.of('offers'));
    new Delivery(this, 'Delivery', deployment, {
      tables,
      released: [
        { function: ingestApi.function, harm: ingestApi.harm },
        { function: stockProcessor.function, harm: stockProcessor.harm },
        { function: pricing.fanOut.worker, harm: [] },
        { function: dayClose.fanOut.worker, harm: [] },
      ],
    });
    new Queries(this, 'Queries', deployment);
    new Dashboard(this, 'Dashboard', deployment);

    this.tell({
      ApiUrl: ingestApi.url,
      ApiId: ingestApi.api.apiId,
      UserPoolId: identity.pool.userPoolId,
      TokenUrl: `${identity.domain.baseUrl()}/oauth2/token`,
      AnalystsClientId: identity.analysts.userPoolClientId,
      TillClientIds: Fn.join(
        ',',
        identity.tills.map((client) => client.userPoolClientId),
      ),
      TablePrefix: names.prefix,
      StreamName: stream.stream.streamName,
      FailedBatchesBucket: stockProcessor.failedBatches.bucketName,
      PricingQueueUrl: pricing.fanOut.queue.queueUrl,
      DayCloseQueueUrl: dayClose.fanOut.queue.queueUrl,
    });
  }

  /** What programs and people need to know of this deployment. */
  private tell(outputs: Record<string, string>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }

  /** A template without binaries can be looked at. CloudFormation refuses to deploy it. */
  private refuseDeployment(): void {
    const advice =
      "No Lambda binary is built. Run ./lambdas in the repository's root, then cdk deploy again";
    Annotations.of(this).addWarningV2('daymark:no-binaries', advice);
    new CfnRule(this, 'BinariesAreBuilt', {
      assertions: [{ assert: Fn.conditionEquals('built', 'missing'), assertDescription: advice }],
    });
  }
}
