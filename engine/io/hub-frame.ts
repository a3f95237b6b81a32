/** One signal as WebSocket frames, each made when the first socket wants it and then shared by all. */
import {
  EVENT_BYTES_MAX,
  readPayload,
  type Encoding,
} from "../wire/encoding.ts";

export type FrameKind = "signal" | "snapshot";

// {"type": kind, "signal": …} in MessagePack: a map of two, then fixed strings; the signal's own bytes follow.
const fixedString = (text: string): number[] => [
  0xa0 | text.length,
  ...Buffer.from(text),
];
const msgpackHead = (kind: FrameKind): Uint8Array =>
  Uint8Array.from([
    0x82,
    ...fixedString("type"),
    ...fixedString(kind),
    ...fixedString("signal"),
  ]);
const MSGPACK_HEADS: Readonly<Record<FrameKind, Uint8Array>> = {
  signal: msgpackHead("signal"),
  snapshot: msgpackHead("snapshot"),
};

export class SignalFrame {
  readonly symbolIndex: number;
  readonly #encoded: Uint8Array;
  #json: string | undefined;
  readonly #frames: Record<Encoding, Partial<Record<FrameKind, Uint8Array>>> = {
    json: {},
    msgpack: {},
  };

  /** Copies `encoded`, a signal in MessagePack: a frame outlives its place in the ring. */
  constructor(symbolIndex: number, encoded: Uint8Array) {
    this.symbolIndex = symbolIndex;
    this.#encoded = encoded.slice();
  }

  bytes(kind: FrameKind, encoding: Encoding): Uint8Array {
    const made = this.#frames[encoding];
    return (made[kind] ??=
      encoding === "msgpack"
        ? this.#msgpackFrame(kind)
        : this.#jsonFrame(kind));
  }

  #msgpackFrame(kind: FrameKind): Uint8Array {
    const head = MSGPACK_HEADS[kind];
    const frame = new Uint8Array(head.byteLength + this.#encoded.byteLength);
    frame.set(head);
    frame.set(this.#encoded, head.byteLength);
    return frame;
  }

  #jsonFrame(kind: FrameKind): Uint8Array {
    this.#json ??= JSON.stringify(readPayload(this.#encoded, EVENT_BYTES_MAX));
    return Buffer.from(`{"type":"${kind}","signal":${this.#json}}`);
  }
}

/** The newest frame of each symbol, by index: snapshots, and what a conflated socket catches up from. */
export class SignalBoard {
  readonly #symbols: string[] = [];
  readonly #latest: (SignalFrame | undefined)[] = [];

  get symbols(): readonly string[] {
    return this.#symbols;
  }

  name(index: number, symbol: string): void {
    this.#symbols[index] = symbol;
  }

  /** Undefined before it was named. */
  symbolAt(index: number): string | undefined {
    return this.#symbols[index];
  }

  put(frame: SignalFrame): void {
    this.#latest[frame.symbolIndex] = frame;
  }

  latest(index: number): SignalFrame | undefined {
    return this.#latest[index];
  }
}
