/**
 * The tapes of a symbol that leads another one, played beside it: the other's features read here what they would read of a reference that is
 * served. At any moment it has heard what had come by then, and nothing else.
 */
import type { MarketEvent } from "../domain/market-event.ts";
import { FEATURE_BAR_MS } from "../features/bar-features.ts";
import { BarBook } from "../market/bar-book.ts";
import { timeBars } from "../market/bar-kind.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import { monoNanos } from "../std/time.ts";

const DEPTH_MAX = 1000;
const MINUTE_MS = 60_000;

/** `shared`: both were recorded by one clock, as symbols of one tape are; `wall`: what lies between them is told by their wall times. */
export type LeaderClock = "shared" | "wall";

export class LeadingTape {
  readonly reference: Reference;
  readonly #rest: AsyncIterator<MarketEvent>;
  readonly #sync = new BookSync(new OrderBook({ depthMax: DEPTH_MAX }));
  readonly #bars: BarBook;
  #next: MarketEvent | undefined;
  /** To the other's monotonic time; NaN before the other has spoken. */
  #shiftNs: number;

  private constructor(
    first: MarketEvent,
    rest: AsyncIterator<MarketEvent>,
    clock: LeaderClock,
  ) {
    this.#next = first;
    this.#rest = rest;
    this.#shiftNs = clock === "shared" ? 0 : NaN;
    this.reference = new Reference(first.symbol);
    this.#bars = new BarBook(
      first.symbol,
      [FEATURE_BAR_MS, MINUTE_MS].map((ms) => ({
        kind: timeBars(ms),
        length: 1,
      })),
      {},
      (bar) => this.reference.closed(bar),
    );
  }

  /** Events of one symbol, of which there is at least one. */
  static async of(
    events: AsyncIterable<MarketEvent>,
    clock: LeaderClock,
  ): Promise<LeadingTape> {
    const rest = events[Symbol.asyncIterator]();
    const first = await rest.next();
    if (first.done === true) throw new Error("a leading tape has events");
    return new LeadingTape(first.value, rest, clock);
  }

  /** Hears all that was received up to this event of the other symbol. */
  async advanceTo(event: MarketEvent): Promise<void> {
    if (Number.isNaN(this.#shiftNs)) this.#shiftNs = shiftOf(this.#next, event);
    for (;;) {
      const next = this.#next;
      if (next === undefined) break;
      const receivedNs = monoNanos(next.receivedNs + this.#shiftNs);
      if (receivedNs > event.receivedNs) break;
      this.#hear({ ...next, receivedNs });
      const { done, value } = await this.#rest.next();
      this.#next = done === true ? undefined : value;
    }
    if (this.#sync.checkFresh(event.receivedNs) !== "LIVE")
      this.reference.voided();
  }

  #hear(event: MarketEvent): void {
    const sync = this.#sync;
    sync.checkFresh(event.receivedNs);
    this.#bars.advanceTo(event);
    switch (event.type) {
      case "bookSnapshot":
      case "bookDelta":
        sync.apply(event);
        break;
      case "gap":
        this.#bars.onGap(event.reason);
        sync.apply(event);
        break;
      case "trade":
        this.#bars.onTrade(event);
        break;
      case "bar":
        this.#bars.onBar(event);
        break;
      default:
        break;
    }
    const { book } = sync;
    if (sync.isLive)
      this.reference.moved(book.mid, book.spread, event.receivedNs);
    else this.reference.voided();
  }
}

const shiftOf = (first: MarketEvent | undefined, other: MarketEvent): number =>
  first === undefined
    ? 0
    : other.receivedNs +
      (first.receivedUs - other.receivedUs) * 1000 -
      first.receivedNs;
