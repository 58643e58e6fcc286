/** What an operator looks at: is it worth it, is it fresh, is it right, is there room. */

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
import type { CommonProps } from './common-props';
import { metric, type MetricName } from './metrics';
import { BINARIES } from './binaries';
import type { ResourceNames } from './resource-names';
import { DEFINITION } from './tables';

const FIVE_MINUTES = Duration.minutes(5);
const DAY = Duration.days(1);
const WIDTH = 24;

export class Dashboard extends Construct {
  private readonly names: ResourceNames;
  private readonly dashboard: CloudWatchDashboard;

  constructor(scope: Construct, id: string, common: CommonProps) {
    super(scope, id);
    this.names = common.names;
    this.dashboard = new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: this.names.stack,
      periodOverride: PeriodOverride.INHERIT,
    });
    this.dashboard.addWidgets(
      new AlarmStatusWidget({
        title: 'Alarms',
        width: WIDTH,
        alarms: [...common.alarms.all()],
      }),
    );
    this.section('Business', 'Is it worth it?', this.business());
    this.section('Freshness', 'From what occurred to what is stored and offered', this.freshness());
    this.section('Correctness', 'Nothing lost, nothing counted twice', this.correctness());
    this.section('Capacity', 'Is there room, and what does it cost?', this.capacity());
  }

  private section(title: string, question: string, graphs: IWidget[]): void {
    const markdown = `## ${title}\n${question}`;
    this.dashboard.addWidgets(new TextWidget({ markdown, width: WIDTH, height: 2 }));
    this.dashboard.addWidgets(...graphs);
  }

  private business(): IWidget[] {
    const units = (figure: string) =>
      this.own('daymark_processor_day_units', { of: { figure }, period: DAY, label: figure });
    const offers = (outcome: string, period = FIVE_MINUTES) =>
      this.own('daymark_pricing_decisions_total', { of: { outcome }, period, label: outcome });
    const [toSell, sold, wasted, expired] = ['to_sell', 'sold', 'wasted', 'expired'].map(units) as [
      Metric,
      Metric,
      Metric,
      Metric,
    ];
    const share = (label: string, expression: string, usingMetrics: Record<string, IMetric>) =>
      new MathExpression({ label, expression, usingMetrics, period: DAY });
    return [
      new Column(
        new SingleValueWidget({
          title: 'Offers of a day',
          width: 6,
          height: 3,
          metrics: [offers('published', DAY), offers('deepened', DAY)],
        }),
        new SingleValueWidget({
          title: 'Of what was there to sell, %',
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
      graph('Why items got none', [
        ...['no_cost', 'withheld', 'undecidable', 'postponed', 'too_few'].map((each) =>
          offers(each),
        ),
      ]),
      graph('Units of the days that were closed', [toSell, sold, wasted, expired], { width: 6 }),
    ];
  }

  private freshness(): IWidget[] {
    const percentiles = (name: MetricName) =>
      ['p50', 'p90', 'p99'].map((statistic) =>
        this.own(name, { statistic, label: `${statistic} seconds` }),
      );
    return [
      graph('Occurred → stored', percentiles('daymark_processor_freshness_seconds')),
      graph('Slot → offered', percentiles('daymark_pricing_freshness_seconds')),
      graph('A till waits for `stored`', percentiles('daymark_ingest_store_seconds')),
      graph('Stores that were due', [
        this.own('daymark_pricing_due_total', { label: 'to be priced' }),
        this.own('daymark_pricing_late_total', { label: 'too late' }),
        this.own('daymark_processor_due_total', { label: 'to be closed' }),
      ]),
    ];
  }

  private correctness(): IWidget[] {
    const ingest = (outcome: string) =>
      this.own('daymark_ingest_events_total', { of: { outcome }, label: outcome });
    const processor = (outcome: string) =>
      this.own('daymark_processor_events_total', { of: { outcome }, label: outcome });
    const quarantined = (reason: string) =>
      this.own('daymark_processor_quarantined_total', { of: { reason }, label: reason });
    return [
      graph('Tills were answered', ['stored', 'duplicate', 'rejected', 'retry'].map(ingest)),
      graph('Events', ['stored', 'duplicate', 'late', 'poison'].map(processor)),
      graph(
        'Quarantine',
        ['unopenable', 'invalid_event', 'conflicting_duplicate'].map(quarantined),
      ),
      graph('Failed', [
        this.own('daymark_processor_rows_total', { of: { outcome: 'failed' }, label: 'rows' }),
        this.own('daymark_pricing_failed_total', { label: 'stores to price' }),
        this.own('daymark_processor_close_failed_total', { label: 'stores to close' }),
        this.own('daymark_processor_conflicts_total', { label: 'conflicts (absorbed)' }),
        this.lambda('stock-processor', 'DestinationDeliveryFailures', 'batches not kept'),
      ]),
    ];
  }

  private capacity(): IWidget[] {
    const functions = Object.keys(BINARIES);
    const each = (name: string, statistic: string) =>
      functions.map((which) => this.lambda(which, name, which, statistic));
    const tables = DEFINITION.tables.map(({ name }) => name);
    const consumed = (name: string) => tables.map((table) => this.table(table, name));
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
        this.stream('WriteProvisionedThroughputExceeded', 'writes refused'),
        this.stream('ReadProvisionedThroughputExceeded', 'reads refused'),
        this.stream('IncomingRecords', 'records'),
      ]),
      graph('Invocations (cost)', each('Invocations', 'Sum')),
      graph('Duration, ms (cost)', each('Duration', 'Average')),
      graph('Concurrency', each('ConcurrentExecutions', 'Maximum')),
      graph('Throttled', each('Throttles', 'Sum')),
      graph('Write units (cost)', consumed('ConsumedWriteCapacityUnits')),
      graph('Read units (cost)', consumed('ConsumedReadCapacityUnits')),
    ];
  }

  private own(
    name: MetricName,
    more: { of?: Record<string, string>; period?: Duration; statistic?: string; label: string },
  ): Metric {
    return metric(this.names, name, { period: FIVE_MINUTES, statistic: 'Sum', ...more });
  }

  private lambda(name: string, metricName: string, label: string, statistic = 'Sum'): Metric {
    const dimensionsMap = { FunctionName: this.names.of(name) };
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap,
      statistic,
      label,
      period: FIVE_MINUTES,
    });
  }

  private stream(metricName: string, label: string): Metric {
    return new Metric({
      namespace: 'AWS/Kinesis',
      metricName,
      dimensionsMap: { StreamName: this.names.stream },
      statistic: 'Sum',
      label,
      period: FIVE_MINUTES,
    });
  }

  private table(name: string, metricName: string): Metric {
    return new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: this.names.of(name) },
      statistic: 'Sum',
      label: name,
      period: FIVE_MINUTES,
    });
  }
}

function graph(title: string, left: IMetric[], { width = 6 } = {}): GraphWidget {
  return new GraphWidget({
    title,
    left,
    width,
    height: 6,
    leftYAxis: { min: 0, showUnits: false },
  });
}
