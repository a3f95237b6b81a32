/** Makes bars of a longer interval from closed bars of a shorter one that divides it. */
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { intervalStart, timeBars } from "./bar-kind.ts";
import type { BarKind } from "./bar-kind.ts";
import type {
  BarBuilderOptions,
  BarCoverage,
  MarketTime,
} from "./bar-builder.ts";
import type { BarLane } from "./bar-lane.ts";
import { BarSum } from "./bar-sum.ts";

export interface BarAggregatorOptions {
  readonly symbol: SymbolId;
  readonly fromMs: number;
  readonly toMs: number;
  /** The long interval whose beginning was not seen. */
  readonly firstBar: BarBuilderOptions["firstBar"];
}

const NEVER = Number.NEGATIVE_INFINITY;

export class BarAggregator {
  /** Bars that came after the long one they belong to had closed. */
  late = 0;
  readonly symbol: SymbolId;
  readonly fromMs: number;
  readonly #kind: BarKind;
  readonly #fromUs: number;
  readonly #toUs: number;
  readonly #firstBar: BarBuilderOptions["firstBar"];
  readonly #onBar: (bar: Bar, coverage: BarCoverage) => void;
  readonly #sum = new BarSum();
  #openUs = NEVER;
  #sinceUs = NEVER;
  #coverage: BarCoverage = "whole";
  #parts = 0;
  /** End of the last shorter bar told before what was kept; NaN once the next one has come. */
  #keptUs = NaN;
  #seenUs = NEVER;

  constructor(
    options: BarAggregatorOptions,
    onBar: (bar: Bar, coverage: BarCoverage) => void,
  ) {
    const { symbol, fromMs, toMs, firstBar } = options;
    assert(
      toMs > fromMs && toMs % fromMs === 0,
      "the longer interval is a multiple of the shorter",
    );
    this.symbol = symbol;
    this.fromMs = fromMs;
    this.#kind = timeBars(toMs);
    this.#fromUs = fromMs * 1000;
    this.#toUs = toMs * 1000;
    this.#firstBar = firstBar;
    this.#onBar = onBar;
  }

  /** Closed bars of the shorter interval, each once and in order. */
  onBar(bar: Bar, coverage: BarCoverage): void {
    const openUs = intervalStart(bar.openUs, this.#toUs);
    // Those that a lane tells again when it goes on are in what was kept.
    if (openUs < this.#openUs || bar.openUs < this.#seenUs) {
      this.late++;
      return;
    }
    // What lies between was not seen: the interval that it comes back into the middle of gives no bar.
    if (bar.openUs > this.#keptUs) this.#sinceUs = bar.openUs;
    this.#keptUs = NaN;
    this.#seenUs = bar.openUs + this.#fromUs;
    if (this.#openUs === NEVER) {
      this.#sinceUs = bar.openUs;
      this.#begin(openUs, bar.open);
    } else if (openUs > this.#openUs) this.#closeBefore(openUs, bar);
    // Nothing traded yet: flat at what the first part shows.
    if (this.#parts++ === 0) this.#sum.begin(bar.open);
    this.#sum.addBar(bar);
    if (coverage === "damaged") this.#coverage = "damaged";
    if (bar.openUs + this.#fromUs === this.#openUs + this.#toUs)
      this.#closeBefore(this.#openUs + this.#toUs, bar);
  }

  /** Closes the long bar whose shorter ones are all settled, those that came and those that never will. */
  follow(below: Pick<BarLane, "nextUs">, at: MarketTime): void {
    if (this.#openUs === NEVER) return;
    if (below.nextUs >= this.#openUs + this.#toUs)
      this.#closeBefore(below.nextUs, at);
  }

  save(to: StateWriter): void {
    to.numbers([this.late, this.#openUs, this.#sinceUs, this.#parts]);
    to.number(this.#seenUs);
    to.flag(this.#coverage === "whole");
    this.#sum.save(to);
  }

  /** What an aggregator of the same intervals saved. */
  load(from: StateReader): void {
    this.late = from.number();
    this.#openUs = from.number();
    this.#sinceUs = from.number();
    this.#parts = from.number();
    this.#seenUs = from.number();
    this.#coverage = from.flag() ? "whole" : "damaged";
    this.#sum.load(from);
  }

  /** Goes on with what was kept before an absence; unless bars have come already. */
  resume(from: StateReader): void {
    if (this.#openUs !== NEVER) return;
    this.load(from);
    from.end();
    this.#keptUs = this.#seenUs;
  }

  /** Every shorter bar before `us` has been told. A long one without any is left to who fills. */
  #closeBefore(us: number, at: MarketTime): void {
    const endUs = this.#openUs + this.#toUs;
    if (
      this.#parts > 0 &&
      (this.#firstBar === "emit" || this.#openUs >= this.#sinceUs)
    )
      this.#onBar(
        this.#sum.toBar(
          this.symbol,
          this.#kind,
          {
            openUs: this.#openUs,
            eventUs: endUs,
            receivedUs: at.receivedUs,
            receivedNs: at.receivedNs,
          },
          "allKnown",
        ),
        this.#coverage,
      );
    this.#begin(Math.max(endUs, intervalStart(us, this.#toUs)), 0);
  }

  #begin(openUs: number, price: number): void {
    this.#openUs = openUs;
    this.#parts = 0;
    this.#coverage = "whole";
    this.#sum.begin(price);
  }
}
