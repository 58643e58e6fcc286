/** Tables of `aws/tables.json`, from which the Rust code creates the local tables. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import {
  AttributeType,
  BillingMode,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import type { DaymarkFunction } from './daymark-function';
import { viaService } from './key-conditions';
import { removalPolicy } from './removal-policy';
import type { ResourceNames } from './resource-names';

interface TableDefinition {
  readonly name: string;
  readonly time_to_live?: string;
}

interface Definition {
  readonly partition_key: string;
  readonly sort_key: string;
  readonly tables: readonly TableDefinition[];
}

export const DEFINITION = JSON.parse(
  readFileSync(resolve(__dirname, '../../../aws/tables.json'), 'utf8'),
) as Definition;

/** Table with a stream of changes, which the pipes read. */
const STREAMED = 'offers';

/**
 * Key actions for reading and for writing an encrypted table. Source: "DynamoDB encryption at rest
 * usage notes", which lists them with wildcards.
 */
export const READ_KEY = ['kms:Decrypt', 'kms:DescribeKey'];
export const WRITE_KEY = [
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

const WRITES = ['BatchWriteItem', 'DeleteItem', 'PutItem'] as const;
type Read = 'BatchGetItem' | 'GetItem' | 'Query';
type Write = (typeof WRITES)[number];

export type TableAction = Read | Write;

/**
 * Calls whose errors of DynamoDB are an alarm. An alarm with metric math takes ten metrics. Source:
 * Amazon CloudWatch, service quotas.
 */
const WATCHED: Readonly<Record<string, readonly TableAction[]>> = {
  'stock-log': ['BatchWriteItem', 'Query'],
  windows: ['PutItem', 'Query'],
  days: ['BatchGetItem', 'PutItem', 'Query'],
  offers: ['PutItem', 'Query'],
};

const isWrite = (action: TableAction): action is Write =>
  (WRITES as readonly TableAction[]).includes(action);

/** Returns the id of a metric in metric math: a letter, then letters, digits and `_`. */
const idOf = (name: string): string => name.replaceAll('-', '_');

/** Key, names and retention of a table. */
export interface TablePlace {
  readonly key: IKey;
  readonly names: ResourceNames;
  readonly keepData: boolean;
  readonly stream?: StreamViewType;
}

/** Creates a table of `aws/tables.json`. */
export function createTable(
  scope: Construct,
  { name, time_to_live: timeToLiveAttribute }: TableDefinition,
  { key, names, keepData, stream }: TablePlace,
): Table {
  return new Table(scope, name, {
    tableName: names.of(name),
    partitionKey: { name: DEFINITION.partition_key, type: AttributeType.STRING },
    sortKey: { name: DEFINITION.sort_key, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute,
    deletionProtection: keepData,
    removalPolicy: removalPolicy({ keepData }),
    stream,
  });
}

/**
 * Tables of a stage. With `keepData`, a table that leaves `aws/tables.json` leaves the stack and
 * stays in the account, with its deletion protection: CloudFormation applies the deletion policy of
 * the template that was deployed before. A table that returns is adopted with
 * `cdk deploy --import-existing-resources`.
 */
export class Tables extends Construct {
  private readonly tables = new Map<string, Table>();

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    for (const definition of DEFINITION.tables) {
      const stream = definition.name === STREAMED ? StreamViewType.NEW_IMAGE : undefined;
      const placed = { key, names, keepData: settings.keepData, stream };
      this.tables.set(definition.name, createTable(this, definition, placed));
    }
    unlessEmulated(settings, () => {
      this.addAlarms();
    });
  }

  private addAlarms(): void {
    const period = Duration.minutes(1);
    const tables = [...this.tables];
    const sum = (label: string, series: [string, IMetric][]) =>
      new MathExpression({
        label,
        expression: 'SUM(METRICS())',
        usingMetrics: Object.fromEntries(series),
        period,
      });
    for (const operation of ['read', 'write'] as const) {
      const metricName = `${operation === 'read' ? 'Read' : 'Write'}ThrottleEvents`;
      this.common.alarms.add({
        name: `tables-throttle-${operation}s`,
        metric: sum(
          `throttled ${operation}s`,
          tables.map(([name, table]) => [
            idOf(name),
            table.metric(metricName, { statistic: 'Sum', period }),
          ]),
        ),
        threshold: 0,
        periods: 5,
        description: `DynamoDB has throttled ${operation}s of a table for five minutes.`,
        runbook: 'a-table-throttles',
      });
    }
    this.common.alarms.add({
      name: 'tables-fail',
      metric: sum(
        'system errors of DynamoDB',
        Object.entries(WATCHED).flatMap(([name, operations]) =>
          operations.map((Operation): [string, IMetric] => [
            `${idOf(name)}${Operation}`,
            this.of(name).metric('SystemErrors', {
              dimensionsMap: { TableName: this.of(name).tableName, Operation },
              statistic: 'Sum',
              period,
            }),
          ]),
        ),
      ),
      threshold: 0,
      periods: 5,
      description: 'DynamoDB has returned system errors for five minutes.',
      runbook: 'a-table-throttles',
    });
  }

  /** Returns the table with a name of `aws/tables.json`. */
  of(name: string): Table {
    const table = this.tables.get(name);
    if (table) return table;
    const known = [...this.tables.keys()].join(', ');
    throw new Error(`aws/tables.json has no table ${name}; its tables are ${known}`);
  }

  /** Allows a function actions on a table, and the use of the table's key through DynamoDB. */
  allow(to: DaymarkFunction, name: string, actions: readonly TableAction[]): void {
    to.allow(
      actions.map((action) => `dynamodb:${action}`),
      [this.of(name).tableArn],
    );
    const keyActions = actions.some(isWrite) ? [...READ_KEY, ...WRITE_KEY] : READ_KEY;
    to.allow(keyActions, [this.common.key.keyArn], viaService(this, 'dynamodb'));
  }
}
