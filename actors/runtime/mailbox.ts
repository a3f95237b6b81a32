/** A bounded queue of messages with a named overflow policy, and a lane for commands that is served first. */
import { assert } from "../../engine/std/assert.ts";
import type { TellResult } from "./actor-ref.ts";

/**
 * When full: "reject" refuses the new message, "dropOldest" gives up the oldest queued one.
 * "conflate" lets a message take the place of the queued one with the same key at any time, and when full gives up the
 * oldest message that has a key, or else refuses.
 */
export type Overflow = "reject" | "dropOldest" | "conflate";

export interface MailboxOptions<M> {
  readonly capacityMax: number;
  readonly overflow: Overflow;
  /** For "conflate"; undefined means that this message may neither replace nor be given up. */
  readonly keyOf?: (message: M) => string | undefined;
}

/** Orders to the cell itself. At most one of each is queued, which bounds the lane. */
export type SystemCommand =
  "start" | "restart" | "probe" | "passivate" | "stop";

const NONE = -1;
const SLOTS_MIN = 16;

/**
 * Messages live in slots of preallocated arrays, chained first to last, so that one in the middle is replaced or given up
 * in O(1) and nothing is allocated a message. The arrays double up to the capacity.
 *
 * enqueued = received + dropped + size; told = enqueued + conflated + rejected.
 */
export class Mailbox<M> {
  enqueued = 0;
  dropped = 0;
  conflated = 0;
  rejected = 0;

  readonly #capacityMax: number;
  readonly #overflow: Overflow;
  readonly #keyOf: ((message: M) => string | undefined) | undefined;
  readonly #commands: SystemCommand[] = [];

  #messages: (M | undefined)[] = [];
  #next = new Int32Array(0);
  #prev = new Int32Array(0);
  #head = NONE;
  #tail = NONE;
  #free = NONE;
  #size = 0;

  /** Conflation only. The keyed messages are a chain of their own, in the same order. */
  #keys: (string | undefined)[] = [];
  #nextKeyed = new Int32Array(0);
  #headKeyed = NONE;
  #tailKeyed = NONE;
  /** Entries go stale rather than away, to spare the map's churn: one holds iff its slot has that key. */
  readonly #slotByKey = new Map<string, number>();

  constructor(options: MailboxOptions<M>) {
    assert(
      Number.isInteger(options.capacityMax) && options.capacityMax > 0,
      "mailbox capacity is a positive integer",
    );
    assert(
      options.overflow !== "conflate" || options.keyOf !== undefined,
      "a conflating mailbox has keys",
    );
    this.#capacityMax = options.capacityMax;
    this.#overflow = options.overflow;
    this.#keyOf = options.overflow === "conflate" ? options.keyOf : undefined;
    this.#grow();
  }

  get size(): number {
    return this.#size;
  }

  get commandsQueued(): number {
    return this.#commands.length;
  }

  pushCommand(command: SystemCommand): void {
    if (!this.#commands.includes(command)) this.#commands.push(command);
  }

  shiftCommand(): SystemCommand | undefined {
    return this.#commands.shift();
  }

  push(message: M): Exclude<TellResult, "dead"> {
    const key = this.#keyOf?.(message);
    if (key !== undefined) {
      const slot = this.#slotByKey.get(key);
      if (slot !== undefined && this.#keys[slot] === key) {
        this.#messages[slot] = message;
        this.conflated++;
        return "conflated";
      }
    }
    if (this.#size < this.#capacityMax) {
      this.#append(message, key);
      return "queued";
    }
    const victim =
      this.#overflow === "dropOldest" ? this.#head : this.#headKeyed;
    if (this.#overflow === "reject" || victim === NONE) {
      this.rejected++;
      return "rejected";
    }
    this.#release(victim);
    this.dropped++;
    this.#append(message, key);
    return "droppedOldest";
  }

  /** The oldest message; only when `size` > 0, so that any value may be a message. */
  shift(): M {
    const slot = this.#head;
    assert(slot !== NONE, "only a filled mailbox is shifted");
    const message = this.#messages[slot] as M;
    this.#release(slot);
    return message;
  }

  /** Gives up everything queued, oldest first. */
  discard(onDropped: (message: M) => void): void {
    while (this.#size > 0) {
      this.dropped++;
      onDropped(this.shift());
    }
  }

  #append(message: M, key: string | undefined): void {
    if (this.#free === NONE) this.#grow();
    const slot = this.#free;
    this.#free = this.#next[slot]!;
    this.#messages[slot] = message;
    this.#next[slot] = NONE;
    this.#prev[slot] = this.#tail;
    if (this.#tail === NONE) this.#head = slot;
    else this.#next[this.#tail] = slot;
    this.#tail = slot;
    this.#size++;
    this.enqueued++;
    if (key !== undefined) this.#appendKey(slot, key);
  }

  #appendKey(slot: number, key: string): void {
    this.#keys[slot] = key;
    this.#nextKeyed[slot] = NONE;
    if (this.#tailKeyed === NONE) this.#headKeyed = slot;
    else this.#nextKeyed[this.#tailKeyed] = slot;
    this.#tailKeyed = slot;
    if (this.#slotByKey.size >= 4 * this.#capacityMax) this.#forgetStaleKeys();
    this.#slotByKey.set(key, slot);
  }

  /** Only ever the first message, or the first with a key: either is first in its chain of keys. */
  #release(slot: number): void {
    const next = this.#next[slot]!;
    const prev = this.#prev[slot]!;
    if (prev === NONE) this.#head = next;
    else this.#next[prev] = next;
    if (next === NONE) this.#tail = prev;
    else this.#prev[next] = prev;
    if (this.#headKeyed === slot) {
      this.#headKeyed = this.#nextKeyed[slot]!;
      if (this.#headKeyed === NONE) this.#tailKeyed = NONE;
      this.#keys[slot] = undefined;
    }
    this.#messages[slot] = undefined;
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#size--;
  }

  #forgetStaleKeys(): void {
    this.#slotByKey.clear();
    for (let s = this.#headKeyed; s !== NONE; s = this.#nextKeyed[s]!)
      this.#slotByKey.set(this.#keys[s]!, s);
  }

  #grow(): void {
    const from = this.#messages.length;
    const to = Math.min(this.#capacityMax, Math.max(SLOTS_MIN, from * 2));
    assert(to > from, "a full mailbox is not grown past its capacity");
    this.#next = widened(this.#next, to);
    this.#prev = widened(this.#prev, to);
    if (this.#keyOf !== undefined)
      this.#nextKeyed = widened(this.#nextKeyed, to);
    for (let slot = from; slot < to; slot++) {
      this.#messages.push(undefined);
      if (this.#keyOf !== undefined) this.#keys.push(undefined);
      this.#next[slot] = slot + 1 < to ? slot + 1 : this.#free;
    }
    this.#free = from;
  }
}

const widened = (
  array: Int32Array,
  length: number,
): Int32Array<ArrayBuffer> => {
  const wide = new Int32Array(length);
  wide.set(array);
  return wide;
};
