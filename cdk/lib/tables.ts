/** The tables of `aws/tables.json`: the definition that the Rust code creates them by locally. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import {
  AttributeType,
  BillingMode,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import type { DaymarkFunction } from './daymark-function';
import { removalPolicy } from './removal-policy';

interface Definition {
  readonly partition_key: string;
  readonly sort_key: string;
  readonly tables: readonly { readonly name: string; readonly time_to_live?: string }[];
}

export const DEFINITION = JSON.parse(
  readFileSync(resolve(__dirname, '../../../aws/tables.json'), 'utf8'),
) as Definition;

/** The table whose changes others are told of. */
const STREAMED = 'offers';

/** What reading a table under a key of ours takes, and what writing takes. Source: "DynamoDB
 * encryption at rest usage notes", which names them with wildcards for what is spelled out here. */
const READ_KEY = ['kms:Decrypt', 'kms:DescribeKey'];
const WRITE_KEY = ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

export type TableAction = 'BatchGetItem' | 'DeleteItem' | 'GetItem' | 'PutItem' | 'Query';

export class Tables extends Construct {
  private readonly tables = new Map<string, Table>();

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
  ) {
    super(scope, id);
    const { settings, names, key } = common;
    for (const { name, time_to_live: timeToLiveAttribute } of DEFINITION.tables) {
      const table = new Table(this, name, {
        tableName: names.of(name),
        partitionKey: { name: DEFINITION.partition_key, type: AttributeType.STRING },
        sortKey: { name: DEFINITION.sort_key, type: AttributeType.STRING },
        billingMode: BillingMode.PAY_PER_REQUEST,
        encryption: TableEncryption.CUSTOMER_MANAGED,
        encryptionKey: key,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        timeToLiveAttribute,
        deletionProtection: settings.keepData,
        removalPolicy: removalPolicy(settings),
        stream: name === STREAMED ? StreamViewType.NEW_IMAGE : undefined,
      });
      this.tables.set(name, table);
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
    for (const kind of ['Read', 'Write'] as const) {
      this.common.alarms.add({
        name: `tables-throttle-${kind.toLowerCase()}s`,
        metric: sum(
          `${kind.toLowerCase()}s that were throttled`,
          tables.map(([name, table]) => [
            name,
            table.metric(`${kind}ThrottleEvents`, { statistic: 'Sum', period }),
          ]),
        ),
        threshold: 0,
        periods: 5,
        description: `DynamoDB throttles ${kind.toLowerCase()}s of a table, for five minutes now.`,
        runbook: 'a-table-throttles',
      });
    }
    const operations = ['BatchGetItem', 'PutItem', 'Query'] as const;
    this.common.alarms.add({
      name: 'tables-fail',
      metric: sum(
        'faults of DynamoDB itself',
        ['stock', 'offers', 'days'].flatMap((name) =>
          operations.map((Operation): [string, IMetric] => [
            `${name}${Operation}`,
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
      description: 'DynamoDB fails by its own fault, for five minutes now.',
      runbook: 'a-table-throttles',
    });
  }

  /** The table called `name` in `aws/tables.json`. */
  of(name: string): Table {
    const table = this.tables.get(name);
    if (table) return table;
    const known = [...this.tables.keys()].join(', ');
    throw new Error(`aws/tables.json has no table ${name}; it has ${known}`);
  }

  /** Permits a function these actions on a table, and the use of its key through DynamoDB. */
  allow(to: DaymarkFunction, name: string, actions: readonly TableAction[]): void {
    const writes = actions.some((action) => action === 'PutItem' || action === 'DeleteItem');
    to.allow(
      actions.map((action) => `dynamodb:${action}`),
      [this.of(name).tableArn],
    );
    to.allow(writes ? [...READ_KEY, ...WRITE_KEY] : READ_KEY, [this.common.key.keyArn], {
      StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` },
    });
  }
}
