/**
 * The tapes of a symbol that leads another one, played beside it: the other's features read here what they would read of a reference that is
 * served. At any moment it has heard what had come by then, and nothing else.
 */
import type { MarketEvent } from "../domain/market-event.ts";
import type { Reference } from "../market/references.ts";
import { monoNanos } from "../std/time.ts";
import { FollowedReference } from "./followed-reference.ts";

/** `shared`: both were recorded by one clock, as symbols of one tape are; `wall`: what lies between them is told by their wall times. */
export type LeaderClock = "shared" | "wall";

export class LeadingTape {
  readonly #leader: FollowedReference;
  readonly #rest: AsyncIterator<MarketEvent>;
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
    this.#leader = new FollowedReference(first.symbol);
  }

  get reference(): Reference {
    return this.#leader.reference;
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
      this.#leader.hear({ ...next, receivedNs });
      const { done, value } = await this.#rest.next();
      this.#next = done === true ? undefined : value;
    }
    this.#leader.silentUntil(event.receivedNs);
  }

  /** Hears no more; its files are closed. */
  async close(): Promise<void> {
    await this.#rest.return?.();
  }
}

const shiftOf = (first: MarketEvent | undefined, other: MarketEvent): number =>
  first === undefined
    ? 0
    : other.receivedNs +
      (first.receivedUs - other.receivedUs) * 1000 -
      first.receivedNs;
