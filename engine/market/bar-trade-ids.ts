/** The ids of a symbol's latest trades, to know a trade that is told twice; a hash table and a ring, both of fixed size. */
import type { Trade } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";

const EMPTY = -1;
/** Of the latest ids so many are kept over a restart: a venue tells the last trades again to whoever connects. */
const KEPT_MAX = 256;
/** Knuth's multiplicative hash. */
const GOLDEN = 2_654_435_761;
const TWO_32 = 4_294_967_296;

export class BarTradeIds {
  /** Trades that were told again. */
  duplicates = 0;
  readonly #ring: Float64Array;
  readonly #table: Float64Array;
  readonly #mask: number;
  #next = 0;

  /** Remembers the latest `idsMax` trades. Ids need not be in order: some venues draw them. */
  constructor(idsMax: number) {
    assert(
      Number.isInteger(idsMax) && idsMax > 0,
      "a positive integer of trade ids is remembered",
    );
    this.#ring = new Float64Array(idsMax).fill(EMPTY);
    let slots = 4;
    while (slots < 2 * idsMax) slots *= 2;
    this.#table = new Float64Array(slots).fill(EMPTY);
    this.#mask = slots - 1;
  }

  /** False for a trade that was told before. Id 0 says that the venue gives none: always new. */
  take(trade: Pick<Trade, "tradeId">): boolean {
    const { tradeId } = trade;
    if (tradeId === 0) return true;
    const slot = this.#find(tradeId);
    if (this.#table[slot] === tradeId) {
      this.duplicates++;
      return false;
    }
    this.#table[slot] = tradeId;
    const oldest = this.#ring[this.#next]!;
    this.#ring[this.#next] = tradeId;
    this.#next = this.#next + 1 === this.#ring.length ? 0 : this.#next + 1;
    if (oldest !== EMPTY) this.#remove(oldest);
    return true;
  }

  /** The latest ids, oldest first. */
  save(to: StateWriter): void {
    const ring = this.#ring;
    const length = Math.min(KEPT_MAX, ring.length);
    to.number(length);
    for (let age = length; age > 0; age--)
      to.number(ring[(this.#next - age + ring.length) % ring.length]!);
  }

  resume(from: StateReader): void {
    const { duplicates } = this;
    for (let left = from.number(); left > 0; left--) {
      const tradeId = from.number();
      if (tradeId > 0) this.take({ tradeId });
    }
    this.duplicates = duplicates;
  }

  #home(id: number): number {
    const mixed = (id % TWO_32) + Math.floor(id / TWO_32) * 31;
    return (Math.imul(mixed, GOLDEN) >>> 7) & this.#mask;
  }

  /** The slot that holds the id, or the empty one where it belongs. */
  #find(id: number): number {
    let slot = this.#home(id);
    while (this.#table[slot] !== EMPTY && this.#table[slot] !== id)
      slot = (slot + 1) & this.#mask;
    return slot;
  }

  /** Moves back what follows, so that no search ends early and no tombstones pile up. */
  #remove(id: number): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = this.#find(id);
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      const other = table[slot]!;
      if (other === EMPTY) break;
      const home = this.#home(other);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[hole] = other;
      hole = slot;
    }
    table[hole] = EMPTY;
  }
}
