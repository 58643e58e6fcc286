/** The offers of a store over HTTP, for those whose token says that they may read them. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { DaymarkFunction } from './function';
import type { IngestApi } from './ingest-api';
import { VARIABLES } from './names';
import type { Tables } from './tables';

export class OffersApi extends Construct {
  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    { api, tables }: { api: IngestApi; tables: Tables },
  ) {
    super(scope, id);
    const offers = new DaymarkFunction(this, 'Function', deployment, {
      name: 'offers-api',
      description: 'Answers which offers a store has',
      memoryMegabytes: 512,
      // API Gateway waits for 30 seconds.
      timeout: Duration.seconds(29),
      environment: { [VARIABLES.tablePrefix]: deployment.names.prefix },
    });
    tables.allow(offers, 'catalog', ['Query']);
    tables.allow(offers, 'offers', ['Query']);
    api.offersRoute('/v1/stores/{store_id}/offers', offers);
  }
}
