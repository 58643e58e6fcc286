/** Dashboard of a stage: business results, freshness, correctness and capacity. */

import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  PeriodOverride,
  SingleValueWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { BINARIES } from './binaries';
import type { CommonProps } from './common-props';
import { metric, type MetricName, type MetricOptions, QUARANTINE_REASONS } from './metrics';
import type { ResourceNames } from './resource-names';
import { DEFINITION } from './tables';

const FIVE_MINUTES = Duration.minutes(5);
const DAY = Duration.days(1);
/** Columns of the dashboard's grid, the maximum of CloudWatch. */
const WIDTH = 24;

export class Dashboard extends Construct {
  private readonly names: ResourceNames;
  private readonly dashboard: CloudWatchDashboard;

  constructor(scope: Construct, id: string, { names, alarms }: CommonProps) {
    super(scope, id);
    this.names = names;
    this.dashboard = new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: names.stack,
      periodOverride: PeriodOverride.INHERIT,
    });
    this.dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', width: WIDTH, alarms: [...alarms.all] }),
    );
    this.addSection('Business', 'Offers, and units sold and wasted', this.business());
    this.addSection('Freshness', 'Delay of stored events and of offers', this.freshness());
    this.addSection('Correctness', 'Results of events, and failures', this.correctness());
    this.addSection('Capacity', 'Load, limits and cost', this.capacity());
  }

  private addSection(title: string, content: string, widgets: IWidget[]): void {
    const markdown = `## ${title}\n${content}`;
    this.dashboard.addWidgets(new TextWidget({ markdown, width: WIDTH, height: 2 }));
    this.dashboard.addWidgets(...widgets);
  }

  private business(): IWidget[] {
    const units = (figure: string) =>
      this.own('daymark_processor_day_units', { of: { figure }, period: DAY, label: figure });
    const offers = (outcome: string, period = FIVE_MINUTES) =>
      this.own('daymark_pricing_decisions_total', { of: { outcome }, period, label: outcome });
    const toSell = units('to_sell');
    const sold = units('sold');
    const wasted = units('wasted');
    const expired = units('expired');
    const share = (label: string, expression: string, usingMetrics: Record<string, IMetric>) =>
      new MathExpression({ label, expression, usingMetrics, period: DAY });
    return [
      new Column(
        new SingleValueWidget({
          title: 'Offers per day',
          width: 6,
          height: 3,
          metrics: [offers('published', DAY), offers('deepened', DAY)],
        }),
        new SingleValueWidget({
          title: 'Share of the units to sell, %',
          width: 6,
          height: 3,
          metrics: [
            share('sold', '100 * sold / toSell', { sold, toSell }),
            share('wasted', '100 * (wasted + FILL(expired, 0)) / toSell', {
              wasted,
              expired,
              toSell,
            }),
          ],
        }),
      ),
      graph('Offers', [offers('published'), offers('deepened'), offers('shadow')]),
      graph('Items without an offer', [
        ...['no_cost', 'withheld', 'undecidable', 'postponed', 'too_few'].map((outcome) =>
          offers(outcome),
        ),
      ]),
      graph('Units of closed days', [toSell, sold, wasted, expired]),
    ];
  }

  private freshness(): IWidget[] {
    const percentiles = (name: MetricName) =>
      ['p50', 'p90', 'p99'].map((statistic) =>
        this.own(name, { statistic, label: `${statistic} seconds` }),
      );
    return [
      graph('From event to stock', percentiles('daymark_processor_freshness_seconds')),
      graph('Age of the rollup', percentiles('daymark_processor_windows_age_seconds')),
      graph('From slot to offer', percentiles('daymark_pricing_freshness_seconds')),
      graph('Wait of a till for `stored`', percentiles('daymark_ingest_store_seconds')),
      graph('Stores due', [
        this.own('daymark_pricing_due_total', { label: 'to be priced' }),
        this.own('daymark_pricing_late_total', { label: 'too late' }),
        this.own('daymark_processor_due_total', { label: 'to be rolled up and closed' }),
      ]),
    ];
  }

  private correctness(): IWidget[] {
    const by = (name: MetricName, dimension: string) => (value: string) =>
      this.own(name, { of: { [dimension]: value }, label: value });
    return [
      graph(
        'Answers to tills',
        ['stored', 'duplicate', 'rejected', 'retry'].map(
          by('daymark_ingest_events_total', 'outcome'),
        ),
      ),
      graph(
        'Processed events',
        ['written', 'duplicate', 'late', 'poison'].map(
          by('daymark_processor_events_total', 'outcome'),
        ),
      ),
      graph(
        'Segments',
        ['stored', 'failed'].map(by('daymark_processor_segments_total', 'outcome')),
      ),
      graph(
        'Window rows',
        ['written', 'unchanged', 'superseded'].map(
          by('daymark_processor_window_rows_total', 'outcome'),
        ),
      ),
      graph(
        'Quarantine',
        Object.entries(QUARANTINE_REASONS).map(([reason, writer]) =>
          this.own('daymark_processor_quarantined_total', {
            of: { reason },
            by: writer,
            label: reason,
          }),
        ),
      ),
      graph('Failures', [
        this.own('daymark_processor_unreadable_segments_total', { label: 'unreadable segments' }),
        this.own('daymark_pricing_failed_total', { label: 'stores to price' }),
        this.own('daymark_processor_close_failed_total', { label: 'stores to close' }),
        this.lambda('stock-processor', 'DestinationDeliveryFailures', 'batches not stored'),
      ]),
    ];
  }

  private capacity(): IWidget[] {
    const each = (name: string, statistic: string) =>
      Object.keys(BINARIES).map((binary) => this.lambda(binary, name, binary, statistic));
    const consumed = (name: string) =>
      DEFINITION.tables.map(({ name: table }) =>
        aws('AWS/DynamoDB', name, { TableName: this.names.of(table) }, table),
      );
    const stream = (name: string, label: string) =>
      aws('AWS/Kinesis', name, { StreamName: this.names.stream }, label);
    return [
      graph('Iterator age, seconds', [
        new MathExpression({
          label: 'stock-processor',
          expression: 'age / 1000',
          usingMetrics: { age: this.lambda('stock-processor', 'IteratorAge', 'age', 'Maximum') },
          period: FIVE_MINUTES,
        }),
      ]),
      graph('Stream', [
        stream('WriteProvisionedThroughputExceeded', 'throttled writes'),
        stream('ReadProvisionedThroughputExceeded', 'throttled reads'),
        stream('IncomingRecords', 'records'),
      ]),
      graph('Invocations (cost)', each('Invocations', 'Sum')),
      graph('Duration, ms (cost)', each('Duration', 'Average')),
      graph('Concurrency', each('ConcurrentExecutions', 'Maximum')),
      graph('Throttled invocations', each('Throttles', 'Sum')),
      graph('Write units (cost)', consumed('ConsumedWriteCapacityUnits')),
      graph('Read units (cost)', consumed('ConsumedReadCapacityUnits')),
    ];
  }

  private own(name: MetricName, options: Partial<MetricOptions> & { label: string }): Metric {
    return metric(this.names, name, { period: FIVE_MINUTES, ...options });
  }

  private lambda(name: string, metricName: string, label: string, statistic?: string): Metric {
    return aws('AWS/Lambda', metricName, { FunctionName: this.names.of(name) }, label, statistic);
  }
}

/** Returns a metric of an AWS service. */
function aws(
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  label: string,
  statistic = 'Sum',
): Metric {
  return new Metric({
    namespace,
    metricName,
    dimensionsMap,
    statistic,
    label,
    period: FIVE_MINUTES,
  });
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({
    title,
    left,
    width: 6,
    height: 6,
    leftYAxis: { min: 0, showUnits: false },
  });
}
