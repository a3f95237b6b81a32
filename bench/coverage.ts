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

/** Undefined when the event is not of the schedule. */
export const intendedNsOf = (
  schedule: Schedule,
  symbol: number,
  seq: number,
): number | undefined => {
  const i = (seq - schedule.firstSeq) * schedule.symbols + symbol;
  return symbol >= 0 &&
    symbol < schedule.symbols &&
    i >= 0 &&
    i < schedule.events
    ? schedule.startNs + i * schedule.stepNs
    : undefined;
};

/** A log of deliveries in order of arrival, in arrays, so that logging disturbs no measurement. */
export class Deliveries {
  size = 0;
  #symbols = new Int32Array(INITIAL);
  #seqs = new Float64Array(INITIAL);
  #timesNs = new Float64Array(INITIAL);
  #receivedNs = new Float64Array(INITIAL);

  /** A signal about `symbol` whose book stood at `seq` was delivered at `atNs`; its engine had received the event at `receivedNs`. */
  add(symbol: number, seq: number, atNs: number, receivedNs = 0): void {
    if (this.size === this.#symbols.length) this.#grow();
    this.#symbols[this.size] = symbol;
    this.#seqs[this.size] = seq;
    this.#timesNs[this.size] = atNs;
    this.#receivedNs[this.size] = receivedNs;
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

  receivedNsAt(i: number): number {
    return this.#receivedNs[i]!;
  }

  #grow(): void {
    const symbols = new Int32Array(2 * this.#symbols.length);
    symbols.set(this.#symbols);
    this.#symbols = symbols;
    this.#seqs = doubled(this.#seqs);
    this.#timesNs = doubled(this.#timesNs);
    this.#receivedNs = doubled(this.#receivedNs);
  }
}

const doubled = (
  array: Float64Array<ArrayBuffer>,
): Float64Array<ArrayBuffer> => {
  const wide = new Float64Array(2 * array.length);
  wide.set(array);
  return wide;
};

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

/** From the intended send to the engine's receipt, of the events whose own signal says when that was. */
export const inboundOf = (
  schedule: Schedule,
  deliveries: Deliveries,
): Latencies => {
  const inbound = new Latencies();
  for (let d = 0; d < deliveries.size; d++) {
    const intendedNs = intendedNsOf(
      schedule,
      deliveries.symbolAt(d),
      deliveries.seqAt(d),
    );
    const receivedNs = deliveries.receivedNsAt(d);
    // A turn over several events is stamped with its oldest, its signal numbered with its newest.
    if (intendedNs !== undefined && receivedNs >= intendedNs)
      inbound.recordNs(receivedNs - intendedNs);
  }
  return inbound;
};
