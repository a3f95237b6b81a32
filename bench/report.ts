/** Latencies as the benches print them: HDR histograms in nanoseconds, percentiles in microseconds. */
import { execFileSync } from "node:child_process";
import { cpus, release } from "node:os";
import { build, type Histogram } from "hdr-histogram-js";

export interface Percentiles {
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export type MedianAndTail = Pick<Percentiles, "p50Us" | "p99Us">;

const NS_MAX = 600e9;

export class Latencies {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: NS_MAX,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Below 1 ns counts as 1 ns, above ten minutes as ten minutes. */
  recordNs(ns: number): void {
    this.#histogram.recordValue(Math.min(NS_MAX, Math.max(1, Math.round(ns))));
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram);
  }

  /** All zero when nothing was recorded. */
  percentiles(): Percentiles {
    const h = this.#histogram;
    return {
      p50Us: toUs(h.getValueAtPercentile(50)),
      p90Us: toUs(h.getValueAtPercentile(90)),
      p99Us: toUs(h.getValueAtPercentile(99)),
      p999Us: toUs(h.getValueAtPercentile(99.9)),
      maxUs: toUs(h.totalCount === 0 ? 0 : h.maxValue),
    };
  }

  medianAndTail(): MedianAndTail {
    const { p50Us, p99Us } = this.percentiles();
    return { p50Us, p99Us };
  }
}

const toUs = (ns: number): number => Math.round(ns / 10) / 100;

/** How many times slower; two decimals. 0 when there is no floor to compare with. */
export const ratioOf = (
  measured: MedianAndTail,
  floor: MedianAndTail,
): { readonly p50: number; readonly p99: number } => ({
  p50: ratio(measured.p50Us, floor.p50Us),
  p99: ratio(measured.p99Us, floor.p99Us),
});

const ratio = (a: number, b: number): number =>
  b === 0 ? 0 : Math.round((100 * a) / b) / 100;

/** What a result was measured on: without it a number means nothing. */
export const describeMachine = (): string => {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model ?? "unknown"}, ${process.platform} ${release()}, node ${process.version}`;
};

/** Short hash of the checkout, with "+" when it has changes; "unknown" outside one. */
export const describeCommit = (): string => {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, {
        cwd: import.meta.dirname,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    const isDirty = git("status", "--porcelain", "-uno") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (isDirty ? "+" : "");
  } catch {
    return "unknown";
  }
};
