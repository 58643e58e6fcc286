/** Optional test copies of the functions that `daymark tune measure` invokes. */

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream as KinesisStream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import {
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FunctionName } from './binaries';
import type { CommonProps } from './common-props';
import { VARIABLES } from './daymark-function';
import { viaService } from './key-conditions';
import { acknowledge } from './nag-acknowledgements';
import { ResourceNames } from './resource-names';
import { StageLogGroup } from './stage-log-group';
import { createTable, DEFINITION, READ_KEY, WRITE_KEY } from './tables';

/** Functions whose memory is tuned: `TunedFunction` in `src/tune/cases.rs`. */
const COPIED = ['ingest', 'stock-processor', 'pricing', 'day-close'] satisfies FunctionName[];

/** Suffix of the stage in the names of the copies: `src/tune/measure.rs` has the same. */
const SUFFIX = 'tuning';

const TABLE_ACTIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
].map((action) => `dynamodb:${action}`);

/**
 * Copies of the functions with the binaries of the stage, over tables and a stream of their own.
 * No event source, queue, schedule or route calls them, so that nothing of the stage depends on
 * them. The events in them are made up, so nothing is kept.
 */
export class Tuning extends Construct {
  private readonly names: ResourceNames;
  private readonly role: Role;

  constructor(
    scope: Construct,
    id: string,
    private readonly common: CommonProps,
  ) {
    super(scope, id);
    const { settings, key } = common;
    this.names = new ResourceNames(`${settings.stage}-${SUFFIX}`);
    this.role = new Role(this, 'Role', {
      description: `Permissions of the test copies of ${common.names.stack}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const tables = DEFINITION.tables.map((definition) =>
      createTable(this, definition, { key, names: this.names, keepData: false }),
    );
    const stream = this.createStream();
    const { keyArn } = key;
    this.allow(
      TABLE_ACTIONS,
      tables.map(({ tableArn }) => tableArn),
    );
    this.allow([...READ_KEY, ...WRITE_KEY], [keyArn], viaService(this, 'dynamodb'));
    this.allow(['kinesis:PutRecords'], [stream.streamArn]);
    this.allow(['kms:GenerateDataKey'], [keyArn], viaService(this, 'kinesis'));
    for (const name of COPIED) this.createCopy(name);
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]': 'X-Ray has no resources: traces belong to the account.',
    });
  }

  private allow(
    actions: string[],
    resources: string[],
    conditions?: Record<string, unknown>,
  ): void {
    this.role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
  }

  private createStream(): KinesisStream {
    const stream = new KinesisStream(this, 'Stream', {
      streamName: this.names.stream,
      // A measurement sends one request at a time.
      streamMode: StreamMode.PROVISIONED,
      shardCount: 1,
      retentionPeriod: Duration.hours(24),
      encryption: StreamEncryption.KMS,
      encryptionKey: this.common.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(stream, { 'AwsSolutions-KDS3': 'The key is that of the stage.' });
    return stream;
  }

  private createCopy(name: (typeof COPIED)[number]): void {
    const { settings, binaries } = this.common;
    const functionName = this.names.of(name);
    const scope = new Construct(this, name);
    const logs = { ...settings, keepData: false };
    const logGroup = new StageLogGroup(scope, 'Logs', logs, `/aws/lambda/${functionName}`);
    logGroup.grantWrite(this.role);
    const copy = new LambdaFunction(scope, 'Function', {
      functionName,
      description: `Test copy of ${this.common.names.of(name)}, with no callers`,
      runtime: Runtime.PROVIDED_AL2023,
      architecture: settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      handler: 'bootstrap',
      code: binaries.code(name),
      // A measurement sets the sizes that it compares.
      memorySize: 1_769,
      timeout: Duration.minutes(5),
      environment:
        name === 'ingest'
          ? { [VARIABLES.stream]: this.names.stream }
          : {
              [VARIABLES.tablePrefix]: this.names.prefix,
              [VARIABLES.stockLogDays]: settings.stockLogDays,
            },
      role: this.role,
      logGroup,
      // Its line REPORT, which the measurement reads, is the same for every release of Lambda.
      loggingFormat: LoggingFormat.TEXT,
      tracing: Tracing.ACTIVE,
    });
    // Permissions first: a copy that starts without them would be measured with its retries.
    copy.node.addDependency(this.role);
  }
}
