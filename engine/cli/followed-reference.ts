/** A symbol that others look at, followed over its own events as its actor would: its mids and its closed bars. */
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { FEATURE_BAR_MS } from "../features/bar-features.ts";
import { BarBook } from "../market/bar-book.ts";
import { timeBars } from "../market/bar-kind.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import type { MonoNanos } from "../std/time.ts";

const DEPTH_MAX = 1000;
const MINUTE_MS = 60_000;

export class FollowedReference {
  readonly reference: Reference;
  readonly #sync = new BookSync(new OrderBook({ depthMax: DEPTH_MAX }));
  readonly #bars: BarBook;

  constructor(symbol: SymbolId) {
    this.reference = new Reference(symbol);
    this.#bars = new BarBook(
      symbol,
      [FEATURE_BAR_MS, MINUTE_MS].map((ms) => ({
        kind: timeBars(ms),
        length: 1,
      })),
      {},
      (bar) => this.reference.closed(bar),
    );
  }

  hear(event: MarketEvent): void {
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
        if (sync.isPlausible(event.price)) this.#bars.onTrade(event);
        break;
      case "quote":
        if (
          sync.isPlausible(event.bidPrice) &&
          sync.isPlausible(event.askPrice)
        )
          sync.onQuote(event);
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

  /** Nothing came until then: a book of which nothing is heard is not live. */
  silentUntil(nowNs: MonoNanos): void {
    if (this.#sync.checkFresh(nowNs) !== "LIVE") this.reference.voided();
  }
}
