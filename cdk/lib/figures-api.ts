/** HTTP API for analysts: figures of the stores of the caller. */

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { DaymarkFunction, VARIABLES } from './daymark-function';
import type { IngestApi } from './ingest-api';
import type { Tables } from './tables';

/** Paths of the figures. `tests/contract` compares them with the contract. */
const PATHS = [
  '/v1/stores',
  '/v1/stores/{store_id}/stock',
  '/v1/offers',
  '/v1/days',
  '/v1/sales',
  '/v1/prices/lowest',
  '/v1/effect',
] as const;

export class FiguresApi extends Construct {
  constructor(
    scope: Construct,
    id: string,
    common: CommonProps,
    { api, tables }: { api: IngestApi; tables: Tables },
  ) {
    super(scope, id);
    // A function of its own: tills and shelf labels wait for no question of an analyst, and their
    // function cannot read sales.
    const figures = new DaymarkFunction(this, 'Function', common, {
      name: 'figures-api',
      description: 'Answers questions of analysts',
      memoryMegabytes: 1024,
      // API Gateway times out after 30 seconds.
      timeout: Duration.seconds(29),
      environment: { [VARIABLES.tablePrefix]: common.names.prefix },
    });
    tables.allow(figures, 'catalog', ['BatchGetItem', 'GetItem', 'Query']);
    tables.allow(figures, 'days', ['BatchGetItem', 'Query']);
    tables.allow(figures, 'offers', ['Query']);
    tables.allow(figures, 'stock-log', ['Query']);
    for (const path of PATHS) api.addFiguresRoute(path, figures);
  }
}
