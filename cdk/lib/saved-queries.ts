/**
 * Saved queries of CloudWatch Logs Insights, which RUNBOOK.md uses.
 *
 * A log line of a function contains its spans, the outermost first. `aws/src/lambda.rs` opens the
 * first span, with the function's name. The Lambda runtime opens the second one, with the id of the
 * request. Lines of Lambda itself have that id in their `record`.
 */

import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CommonProps } from './common-props';
import { unlessEmulated } from './emulator';
import { BINARIES, type FunctionName } from './binaries';
import type { ResourceNames } from './resource-names';

interface Query {
  /** Name that RUNBOOK.md uses. */
  readonly name: string;
  /** Sources of the logs; `api` is the access log. */
  readonly of: 'api' | readonly FunctionName[];
  readonly lines: readonly string[];
}

const FUNCTIONS = Object.keys(BINARIES) as FunctionName[];

export const QUERIES: readonly Query[] = [
  {
    name: 'warnings',
    of: FUNCTIONS,
    lines: [
      'fields @timestamp, level, spans.0.function, fields.message, spans.1.requestId',
      'filter level in ["WARN", "ERROR"]',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    name: 'one-invocation',
    of: FUNCTIONS,
    lines: [
      'fields @timestamp, level, type, fields.message, @message',
      '# put the id of the invocation here',
      'filter spans.1.requestId = "" or record.requestId = ""',
      'sort @timestamp asc',
    ],
  },
  {
    name: 'not-stored',
    of: ['stock-processor'],
    lines: [
      'fields @timestamp, fields.message, fields.sequence_number, spans.1.requestId',
      'filter fields.message like /^not stored/',
      'sort @timestamp desc',
      'limit 100',
    ],
  },
  {
    name: 'quarantined',
    of: ['stock-processor', 'day-close'],
    lines: [
      'filter fields.message = "kept in quarantine"',
      'stats count(*) as times, latest(fields.id) as example by fields.reason',
    ],
  },
  {
    name: 'refused-requests',
    of: 'api',
    lines: [
      'filter status >= 400',
      'stats count(*) as times, latest(authorizerError) as why by status, route, client, sourceIp',
      'sort times desc',
    ],
  },
  {
    name: 'memory-and-cold-starts',
    of: FUNCTIONS,
    lines: [
      'filter type = "platform.report"',
      'stats count(*) as invocations, pct(record.metrics.durationMs, 50) as p50,' +
        ' pct(record.metrics.durationMs, 99) as p99,' +
        ' max(record.metrics.maxMemoryUsedMB) as usedMB, max(record.metrics.memorySizeMB) as ofMB,' +
        ' count(record.metrics.initDurationMs) as coldStarts,' +
        ' pct(record.metrics.initDurationMs, 99) as coldP99 by @log',
    ],
  },
];

export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { settings, names }: CommonProps) {
    super(scope, id);
    unlessEmulated(settings, () => {
      for (const { name, of, lines } of QUERIES) {
        new CfnQueryDefinition(this, name, {
          name: `${names.stack}/${name}`,
          logGroupNames: logGroupsOf(names, of),
          queryString: lines.join('\n| ').replace(/\n\| #/g, '\n#'),
        });
      }
    });
  }
}

function logGroupsOf(names: ResourceNames, of: Query['of']): string[] {
  if (of === 'api') return [`/aws/vendedlogs/${names.of('api')}`];
  return of.map((name) => `/aws/lambda/${names.of(name)}`);
}
