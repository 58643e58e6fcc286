/** What everything is called, in one place. The Rust side of it is `aws/src/settings.rs`. */

/** The Lambda functions, each with the binary that it runs. */
export const BINARIES = {
  ingest: 'ingest-lambda',
  'stock-processor': 'processor-lambda',
  pricing: 'pricing-lambda',
  'pricing-schedule': 'pricing-schedule-lambda',
  'day-close': 'day-close-lambda',
  'day-close-schedule': 'day-close-schedule-lambda',
  token: 'token-lambda',
  'offers-api': 'offers-lambda',
} as const;

export type FunctionName = keyof typeof BINARIES;

/** The environment variables that functions read. */
export const VARIABLES = {
  stream: 'DAYMARK_STREAM',
  tablePrefix: 'DAYMARK_TABLE_PREFIX',
  queueUrl: 'DAYMARK_QUEUE_URL',
  eventAgeMaxDays: 'DAYMARK_EVENT_AGE_MAX_DAYS',
} as const;

/** The alias that all callers use, so that a deployment can shift them. */
export const ALIAS = 'live';

/** The CloudWatch namespace of the functions' own metrics; their one dimension is `function`. */
export const METRIC_NAMESPACE = 'Daymark';

/** The Cognito resource server; a scope is `daymark/events:write`. */
export const RESOURCE_SERVER = 'daymark';

/** What the tools find, so that it has a name; all else is named by CloudFormation. */
export class Names {
  readonly stack: string;
  readonly prefix: string;
  readonly stream: string;
  readonly bus: string;

  constructor(readonly stage: string) {
    this.stack = `Daymark-${stage}`;
    this.prefix = `daymark-${stage}-`;
    this.stream = this.of('events');
    this.bus = `daymark-${stage}`;
  }

  /** The full name of a table, function, queue, alarm … of this stage. */
  of(name: string): string {
    return `${this.prefix}${name}`;
  }
}
