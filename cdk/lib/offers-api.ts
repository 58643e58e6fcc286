/** HTTP API for the offers of a store. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import type { IngestApi } from './ingest-api';
import type { Tables } from './tables';

export class OffersApi extends Construct {
  constructor(
    scope: Construct,
    id: string,
    common: CommonProps,
    { api, tables }: { api: IngestApi; tables: Tables },
  ) {
    super(scope, id);
    const offers = new DaymarkFunction(this, 'Function', common, {
      name: 'offers-api',
      description: 'Returns the offers of a store',
      memoryMegabytes: 512,
      // API Gateway times out after 30 seconds.
      timeout: Duration.seconds(29),
      environment: { [VARIABLES.tablePrefix]: common.names.prefix },
    });
    tables.allow(offers, 'catalog', ['GetItem', 'Query']);
    tables.allow(offers, 'offers', ['Query']);
    api.addOffersRoute('/v1/stores/{store_id}/offers', offers);
    api.addHealthCheck(offers);
  }
}
