/** Stack of a stage, from the stream to the offers. */

import { Annotations, CfnOutput, CfnRule, Fn, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { Binaries } from './binaries';
import type { CommonProps } from './common-props';
import { Dashboard } from './dashboard';
import { DayClose } from './day-close';
import { Delivery } from './delivery/delivery';
import { FiguresApi } from './figures-api';
import { Identity } from './identity';
import { IngestApi } from './ingest-api';
import { LoadRuns } from './load-runs/load-runs';
import { OfferEvents } from './offer-events/offer-events';
import { OffersApi } from './offers-api';
import { Pricing } from './pricing';
import { removalPolicy } from './removal-policy';
import { ResourceNames } from './resource-names';
import { SavedQueries } from './saved-queries';
import type { Settings } from './settings/definitions';
import { StockProcessor } from './stock-processor';
import { Stream } from './stream';
import { Tables } from './tables';
import { Tuning } from './tuning';

export interface DaymarkStackProps {
  readonly settings: Settings;
  readonly binaries: Binaries;
}

export class DaymarkStack extends Stack {
  constructor(scope: Construct, props: DaymarkStackProps) {
    const { settings, binaries } = props;
    const names = new ResourceNames(settings.stage);
    super(scope, names.stack, {
      env: { region: settings.region },
      description: `Daymark, stage ${settings.stage}`,
      terminationProtection: settings.keepData,
    });
    if (binaries.areMissing) this.refuseDeployment();
    const key = new Key(this, 'Key', {
      alias: names.stack.toLowerCase(),
      description: `Encrypts the data of ${names.stack}`,
      enableKeyRotation: true,
      removalPolicy: removalPolicy(settings),
    });
    const alarms = new Alarms(this, 'Alarms', { settings, names, key });
    const common: CommonProps = { settings, names, binaries, alarms, key };

    // Logical ids derive from these ids, and a resource with a new logical id is replaced. So an id
    // stays even if its class is renamed.
    const stream = new Stream(this, 'Stream', common);
    const tables = new Tables(this, 'Tables', common);
    const identity = new Identity(this, 'Identity', common, tables);
    const ingestApi = new IngestApi(this, 'IngestApi', common, { stream, identity });
    const stockProcessor = new StockProcessor(this, 'StockProcessor', common, { stream, tables });
    const pricing = new Pricing(this, 'Pricing', common, tables);
    const dayClose = new DayClose(this, 'DayClose', common, tables);
    new OffersApi(this, 'OffersApi', common, { api: ingestApi, tables });
    new FiguresApi(this, 'FiguresApi', common, { api: ingestApi, tables });
    new OfferEvents(this, 'OffersOut', common, tables.of('offers'));
    new Delivery(this, 'Delivery', common, {
      tables,
      functions: [
        { function: ingestApi.function, rollbackAlarms: ingestApi.rollbackAlarms },
        { function: stockProcessor.function, rollbackAlarms: stockProcessor.rollbackAlarms },
        { function: pricing.fanOut.worker, rollbackAlarms: [] },
        { function: dayClose.fanOut.worker, rollbackAlarms: [] },
      ],
    });
    new SavedQueries(this, 'Queries', common);
    new Dashboard(this, 'Dashboard', common);
    if (settings.tuning) new Tuning(this, 'Tuning', common);
    if (settings.loadImage !== undefined) {
      const load = { image: settings.loadImage, api: ingestApi, identity, tables };
      this.addLoadRuns(new LoadRuns(this, 'LoadRuns', common, load));
    }

    this.addReaders(identity);
    this.addOutputs({
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

  /** Adds the ids of the programs that read figures, in the order of the setting. */
  private addReaders({ readers }: Identity): void {
    if (readers.length === 0) return;
    const ids = readers.map((client) => client.userPoolClientId);
    this.addOutputs({ ReaderClientIds: Fn.join(',', ids) });
  }

  private addLoadRuns({ bucket, clientSecret, stateMachine }: LoadRuns): void {
    this.addOutputs({
      LoadRecordsBucket: bucket.bucketName,
      LoadClientSecretArn: clientSecret.secretArn,
      LoadStateMachineArn: stateMachine.stateMachineArn,
    });
  }

  private addOutputs(outputs: Record<string, string>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }

  /** Makes CloudFormation refuse a template without binaries. It can still be synthesized. */
  private refuseDeployment(): void {
    const advice =
      "No Lambda binary is built. Run ./lambdas in the repository's root, then cdk deploy again";
    Annotations.of(this).addWarningV2('daymark:no-binaries', advice);
    new CfnRule(this, 'BinariesAreBuilt', {
      assertions: [{ assert: Fn.conditionEquals('built', 'missing'), assertDescription: advice }],
    });
  }
}
