/** The offers of a store over HTTP, for those whose token says that they may read them. */

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
      description: 'Answers which offers a store has',
      memoryMegabytes: 512,
      // API Gateway waits for 30 seconds.
      timeout: Duration.seconds(29),
      environment: { [VARIABLES.tablePrefix]: common.names.prefix },
    });
    tables.allow(offers, 'catalog', ['Query']);
    tables.allow(offers, 'offers', ['Query']);
    api.offersRoute('/v1/stores/{store_id}/offers', offers);
  }
}
