/** From which signals were delivered when to what each event's latency was: it ends at the first signal that covers it. */
import { Latencies } from "./report.ts";

/** Event i was meant to be sent at startNs + i * stepNs, for symbol i mod symbols, with that symbol's next sequence number. */
export interface Schedule {
  readonly startNs: number;
  readonly stepNs: number;
  readonly events: number;
  readonly symbols: number;
  readonly firstSeq: number;
}

/** A log of deliveries in order of arrival, in arrays, so that logging disturbs no measurement. */
export class Deliveries {
  size = 0;
  #symbols = new Int32Array(INITIAL);
  #seqs = new Float64Array(INITIAL);
  #timesNs = new Float64Array(INITIAL);

  /** A signal about `symbol` whose book stood at `seq` was delivered at `atNs`. */
  add(symbol: number, seq: number, atNs: number): void {
    if (this.size === this.#symbols.length) this.#grow();
    this.#symbols[this.size] = symbol;
    this.#seqs[this.size] = seq;
    this.#timesNs[this.size] = atNs;
    this.size++;
  }

  symbolAt(i: number): number {
    return this.#symbols[i]!;
  }

  seqAt(i: number): number {
    return this.#seqs[i]!;
  }

  timeNsAt(i: number): number {
    return this.#timesNs[i]!;
  }

  #grow(): void {
    const length = 2 * this.#symbols.length;
    const symbols = new Int32Array(length);
    const seqs = new Float64Array(length);
    const timesNs = new Float64Array(length);
    symbols.set(this.#symbols);
    seqs.set(this.#seqs);
    timesNs.set(this.#timesNs);
    this.#symbols = symbols;
    this.#seqs = seqs;
    this.#timesNs = timesNs;
  }
}

const INITIAL = 1 << 16;

export interface Coverage {
  readonly latencies: Latencies;
  /** Events that no delivered signal covered. */
  readonly lost: number;
  /** Deliveries that belong to the schedule, whether or not they covered anything new. */
  readonly signals: number;
}

/** Every event counts once, conflated or not: conflation neither hides nor invents latency. */
export const coverageOf = (
  schedule: Schedule,
  deliveries: Deliveries,
): Coverage => {
  const { startNs, stepNs, events, symbols, firstSeq } = schedule;
  const latencies = new Latencies();
  /** Rounds of each symbol that are covered so far. */
  const covered = new Int32Array(symbols);
  let signals = 0;
  for (let d = 0; d < deliveries.size; d++) {
    const symbol = deliveries.symbolAt(d);
    const upTo = deliveries.seqAt(d) - firstSeq + 1;
    if (symbol < 0 || symbol >= symbols || upTo < 1) continue;
    signals++;
    const roundsMax = Math.ceil((events - symbol) / symbols);
    const rounds = Math.min(upTo, roundsMax);
    for (let round = covered[symbol]!; round < rounds; round++) {
      const intendedNs = startNs + (round * symbols + symbol) * stepNs;
      latencies.recordNs(deliveries.timeNsAt(d) - intendedNs);
    }
    covered[symbol] = Math.max(covered[symbol]!, rounds);
  }
  return { latencies, lost: events - latencies.count, signals };
};
