/** Messages that nobody received or that made an actor throw: the last thousand kinds, each stored once and counted. */
import { hash32 } from "../../engine/std/random.ts";
import type { UnixMicros } from "../../engine/std/time.ts";

/** "poison": receive threw on it. "undeliverable": told to an actor that is over. "leftover": queued when it ended. */
export type DeadLetterReason = "poison" | "undeliverable" | "leftover";

export interface DeadLetter {
  readonly path: string;
  readonly reason: DeadLetterReason;
  /** Of the text. */
  readonly hash: number;
  /** The message, in a form like JSON, cut. */
  readonly text: string;
  readonly count: number;
  readonly firstUs: UnixMicros;
  readonly lastUs: UnixMicros;
}

export interface DeadLetterOptions {
  readonly kindsMax: number;
  readonly charactersMax: number;
  /** Fields that differ from one receipt of the same message to the next. */
  readonly skipFields: readonly string[];
}

export const DEFAULT_DEAD_LETTERS: DeadLetterOptions = {
  kindsMax: 1_000,
  charactersMax: 256,
  skipFields: ["receivedUs", "receivedNs"],
};

type Entry = { -readonly [K in keyof DeadLetter]: DeadLetter[K] };

export class DeadLetters {
  readonly #options: DeadLetterOptions;
  /** Oldest kind first. */
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  constructor(options: DeadLetterOptions = DEFAULT_DEAD_LETTERS) {
    this.#options = options;
  }

  /** All letters, also those of kinds that were pushed out. */
  get count(): number {
    return this.#count;
  }

  /** Returns the letter with its count. Poison is told apart by content; the rest by path and reason alone, as it may come in floods. */
  add(
    path: string,
    reason: DeadLetterReason,
    message: unknown,
    nowUs: UnixMicros,
  ): DeadLetter {
    this.#count++;
    const poisonText = reason === "poison" ? this.#describe(message) : "";
    const kind = `${reason} ${path} ${poisonText}`;
    const known = this.#entries.get(kind);
    if (known !== undefined) {
      known.count++;
      known.lastUs = nowUs;
      return known;
    }
    if (this.#entries.size >= this.#options.kindsMax)
      this.#entries.delete(this.#entries.keys().next().value!);
    const text = reason === "poison" ? poisonText : this.#describe(message);
    const entry: Entry = {
      path,
      reason,
      hash: hash32(text),
      text,
      count: 1,
      firstUs: nowUs,
      lastUs: nowUs,
    };
    this.#entries.set(kind, entry);
    return entry;
  }

  /** Oldest kind first. */
  list(): DeadLetter[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  #describe(message: unknown): string {
    const { charactersMax, skipFields } = this.#options;
    return describe(message, charactersMax, skipFields);
  }
}

/** Like JSON, but bounded in length and depth, and safe for anything: cycles, getters that throw, binary data. */
const describe = (
  value: unknown,
  charactersMax: number,
  skipFields: readonly string[],
): string => {
  let text = "";
  const write = (v: unknown, depth: number): void => {
    if (text.length >= charactersMax) return;
    if (typeof v === "string")
      text += JSON.stringify(v.slice(0, charactersMax));
    else if (typeof v === "function") text += "function";
    else if (typeof v !== "object" || v === null) text += String(v);
    else if (depth >= 6) text += "…";
    else if (ArrayBuffer.isView(v)) text += `${v.byteLength} bytes`;
    else if (Array.isArray(v)) {
      text += "[";
      for (let i = 0; i < v.length && text.length < charactersMax; i++) {
        if (i > 0) text += ",";
        write(v[i], depth + 1);
      }
      text += "]";
    } else {
      text += "{";
      for (const key of Object.keys(v)) {
        if (text.length >= charactersMax) break;
        if (skipFields.includes(key)) continue;
        if (!text.endsWith("{")) text += ",";
        text += `${key}:`;
        write((v as Record<string, unknown>)[key], depth + 1);
      }
      text += "}";
    }
  };
  try {
    write(value, 0);
  } catch {
    text += "unreadable";
  }
  return text.slice(0, charactersMax);
};
