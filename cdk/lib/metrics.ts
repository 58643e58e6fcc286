/** CloudWatch metrics that the functions write, by their names in the Rust code. */

import type { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FunctionName } from './binaries';
import type { ResourceNames } from './resource-names';

const NAMESPACE = 'Daymark';

/** Function that writes each metric. A test compares the names with each `metrics.rs`. */
const WRITERS = {
  daymark_ingest_events_total: 'ingest',
  daymark_ingest_requests_total: 'ingest',
  daymark_ingest_put_retries_total: 'ingest',
  daymark_ingest_store_seconds: 'ingest',
  daymark_processor_events_total: 'stock-processor',
  daymark_processor_segments_total: 'stock-processor',
  daymark_processor_quarantined_total: 'stock-processor',
  daymark_processor_freshness_seconds: 'stock-processor',
  daymark_pricing_due_total: 'pricing-schedule',
  daymark_pricing_decisions_total: 'pricing',
  daymark_pricing_failed_total: 'pricing',
  daymark_pricing_late_total: 'pricing',
  daymark_pricing_freshness_seconds: 'pricing',
  daymark_processor_due_total: 'day-close-schedule',
  daymark_processor_window_rows_total: 'day-close',
  daymark_processor_windows_age_seconds: 'day-close',
  daymark_processor_unreadable_segments_total: 'day-close',
  daymark_processor_days_total: 'day-close',
  daymark_processor_close_failed_total: 'day-close',
  daymark_processor_day_units: 'day-close',
} as const satisfies Record<string, FunctionName>;

export type MetricName = keyof typeof WRITERS;

export interface MetricOptions {
  readonly period: Duration;
  /** Default: `Sum`. */
  readonly statistic?: string;
  /** Values of the other dimensions of the metric, for example `{ outcome: 'poison' }`. */
  readonly of?: Readonly<Record<string, string>>;
  /** Function that writes the series, if it is not the usual writer of the metric. */
  readonly by?: FunctionName;
  readonly label?: string;
}

/** Reasons of quarantine after the acknowledgement, with the function that detects each. */
export const QUARANTINE_REASONS: Readonly<Record<string, FunctionName>> = {
  unopenable: 'stock-processor',
  invalid_event: 'stock-processor',
  // Only a reader of the whole date sees that one id has two contents.
  conflicting_duplicate: 'day-close',
};

/**
 * Returns one time series of a metric. CloudWatch adds no series up over a dimension, so a metric
 * with dimensions needs `of`.
 */
export function metric(
  names: ResourceNames,
  name: MetricName,
  { of, by = WRITERS[name], ...options }: MetricOptions,
): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName: name,
    dimensionsMap: { function: names.of(by), ...of },
    statistic: 'Sum',
    ...options,
  });
}
