/** Telemetry that costs nanoseconds on the path; Prometheus text is made when somebody asks. */
import * as hdr from "hdr-histogram-js";
import {
  collectDefaultMetrics,
  Registry,
  type Metric,
  type MetricObjectWithValues,
  type MetricValue,
} from "prom-client";
import type { Counter, Gauge, Histogram, Labels, Telemetry } from "../ports.ts";
import { assert } from "../std/assert.ts";
import { systemTimers, type TimerHandle, type Timers } from "../std/time.ts";

/** Upper bounds in seconds, the same for every histogram, so that they can be added and compared. */
export const BOUNDS_S: readonly number[] = [
  0.000002, 0.000005, 0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001,
  0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
];
const BOUNDS_NS = BOUNDS_S.map((seconds) => seconds * 1e9);

/** Series of all names together: labels come from closed sets, so reaching it is a programming error made harmless. */
const SERIES_MAX = 20_000;
/** Quantiles cover the current and the last window: what a page shows as "now". */
const WINDOW_MS = 30_000;
const RECORDED_MAX_NS = 60_000_000_000;

export interface Summary {
  readonly labels: Labels;
  readonly count: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

export interface MetricsOptions {
  readonly timers?: Timers;
  /** Process numbers (memory, event-loop delay, garbage collection) with the rest; off in tests. */
  readonly process?: "included" | "left out";
}

type Kind = "counter" | "gauge" | "histogram";
type Series = CounterSeries | GaugeSeries | HistogramSeries;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly series: Map<string, Series>;
}

export class Metrics implements Telemetry {
  readonly #rotation: TimerHandle;
  readonly #registry = new Registry();
  readonly #families = new Map<string, Family>();
  #seriesCount = 0;

  constructor(options: MetricsOptions = {}) {
    const timers = options.timers ?? systemTimers;
    this.#rotation = timers.every(WINDOW_MS, () => this.#rotate());
    if (options.process !== "left out")
      collectDefaultMetrics({ register: this.#registry });
  }

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#series(name, help, "counter", labels) as CounterSeries;
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#series(name, help, "gauge", labels) as GaugeSeries;
  }

  histogram(name: string, help: string, labels: Labels = {}): Histogram {
    return this.#series(name, help, "histogram", labels) as HistogramSeries;
  }

  /** Prometheus text, version 0.0.4. */
  exposition(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Quantiles of the last 30 to 60 seconds, one a label set. */
  summaries(name: string): readonly Summary[] {
    const family = this.#families.get(name);
    if (family?.kind !== "histogram") return [];
    return [...family.series.values()].map((series) =>
      (series as HistogramSeries).summary(),
    );
  }

  /** Sum of a counter over its label sets. */
  total(name: string): number {
    const family = this.#families.get(name);
    if (family?.kind !== "counter") return 0;
    let total = 0;
    for (const series of family.series.values())
      total += (series as CounterSeries).count;
    return total;
  }

  stop(): void {
    this.#rotation.cancel();
  }

  #rotate(): void {
    for (const { series } of this.#families.values())
      for (const one of series.values())
        if (one instanceof HistogramSeries) one.rotate();
  }

  #series(name: string, help: string, kind: Kind, labels: Labels): Series {
    const family = this.#family(name, help, kind);
    const key = JSON.stringify(Object.entries(labels).sort());
    const known = family.series.get(key);
    if (known !== undefined) return known;
    const series =
      kind === "counter"
        ? new CounterSeries(labels)
        : kind === "gauge"
          ? new GaugeSeries(labels)
          : new HistogramSeries(labels);
    if (this.#seriesCount < SERIES_MAX) {
      this.#seriesCount++;
      family.series.set(key, series);
    }
    return series;
  }

  #family(name: string, help: string, kind: Kind): Family {
    const known = this.#families.get(name);
    if (known !== undefined) {
      assert(known.kind === kind, `${name} is one kind of metric`);
      return known;
    }
    assert(/^[a-z][a-z0-9_]*$/.test(name), `${name} is a metric name`);
    const family: Family = { name, help, kind, series: new Map() };
    this.#families.set(name, family);
    // The registry asks only for get(): its own metric classes would count on the path.
    this.#registry.registerMetric(asMetric(family));
    return family;
  }
}

type Exposed = MetricObjectWithValues<MetricValue<string>>;
type Value = MetricValue<string> & { metricName?: string };

const asMetric = ({ name, help, kind, series }: Family): Metric => {
  const metric = {
    name,
    get: (): Promise<Exposed> =>
      Promise.resolve({
        name,
        help,
        type: kind,
        aggregator: "sum",
        values: [...series.values()].flatMap((one) => one.values(name)),
      } as unknown as Exposed),
  };
  return metric as unknown as Metric;
};

class CounterSeries implements Counter {
  readonly #labels: Labels;
  #value = 0;

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  get count(): number {
    return this.#value;
  }

  add(n: number): void {
    this.#value += n;
  }

  values(): Value[] {
    return [{ value: this.#value, labels: this.#labels }];
  }
}

class GaugeSeries implements Gauge {
  readonly #labels: Labels;
  #value = 0;

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  set(value: number): void {
    this.#value = value;
  }

  values(): Value[] {
    return [{ value: this.#value, labels: this.#labels }];
  }
}

class HistogramSeries implements Histogram {
  readonly #labels: Labels;
  /** One a bound, and one beyond them. */
  readonly #counts = new Float64Array(BOUNDS_NS.length + 1);
  #sumNs = 0;
  #current = window();
  #last = window();

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  recordNs(ns: number): void {
    // Clocks of two threads may disagree by some nanoseconds.
    const value = ns > 0 ? ns : 0;
    let low = 0;
    let high = BOUNDS_NS.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= BOUNDS_NS[middle]!) high = middle;
      else low = middle + 1;
    }
    this.#counts[low]!++;
    this.#sumNs += value;
    this.#current.recordValue(Math.min(Math.round(value), RECORDED_MAX_NS));
  }

  summary(): Summary {
    const both = window();
    both.add(this.#last);
    both.add(this.#current);
    const count = both.totalCount;
    return {
      labels: this.#labels,
      count,
      p50Ns: count === 0 ? 0 : both.getValueAtPercentile(50),
      p99Ns: count === 0 ? 0 : both.getValueAtPercentile(99),
      maxNs: count === 0 ? 0 : both.maxValue,
    };
  }

  values(name: string): Value[] {
    const values: Value[] = [];
    let total = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      total += this.#counts[i]!;
      const le = i < BOUNDS_S.length ? String(BOUNDS_S[i]) : "+Inf";
      values.push({
        metricName: `${name}_bucket`,
        value: total,
        labels: { ...this.#labels, le },
      });
    }
    const labels = this.#labels;
    values.push({
      metricName: `${name}_sum`,
      value: this.#sumNs / 1e9,
      labels,
    });
    values.push({ metricName: `${name}_count`, value: total, labels });
    return values;
  }

  /** The current window becomes the last one. */
  rotate(): void {
    [this.#last, this.#current] = [this.#current, this.#last];
    this.#current.reset();
  }
}

const window = (): hdr.Histogram =>
  hdr.build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: RECORDED_MAX_NS,
    numberOfSignificantValueDigits: 2,
    useWebAssembly: false,
  });
