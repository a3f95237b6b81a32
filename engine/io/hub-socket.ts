/** One subscriber: every signal while it keeps up, the newest of each symbol once it does not. */
import type { MonoNanos } from "../std/time.ts";
import { msToNs } from "../std/time.ts";
import type { FrameKind, SignalBoard, SignalFrame } from "./hub-frame.ts";
import type { Encoding } from "../wire/encoding.ts";

/** The part of a uWebSockets.js socket that is used here. */
export interface RawSocket {
  /** 1 sent, 0 buffered, 2 dropped. */
  send(data: Uint8Array, isBinary?: boolean): number;
  getBufferedAmount(): number;
  cork(run: () => void): unknown;
  end(code?: number, reason?: string): void;
}

export interface HubSocketOptions {
  readonly bytesMax: number;
  readonly stalledMsMax: number;
  readonly messagesPerSMax: number;
}

const SEND_DROPPED = 2;

export class HubSocket {
  readonly encoding: Encoding;
  readonly #raw: RawSocket;
  readonly #board: SignalBoard;
  readonly #options: HubSocketOptions;
  /** Signals of this turn, in order. */
  #outbox: SignalFrame[] = [];
  /** Symbols with something newer than was sent, in the order in which they fell behind; their frames are the board's. */
  readonly #pending = new Map<number, FrameKind>();
  #behindSinceNs: MonoNanos | undefined;
  #intervalMs = 0;
  #nextFlushNs = 0;
  #tokens: number;
  #tokensNs: MonoNanos;
  #isClosed = false;
  refusals = 0;
  delivered = 0;
  conflated = 0;

  constructor(
    raw: RawSocket,
    encoding: Encoding,
    board: SignalBoard,
    options: HubSocketOptions,
    nowNs: MonoNanos,
  ) {
    this.#raw = raw;
    this.encoding = encoding;
    this.#board = board;
    this.#options = options;
    this.#tokens = 2 * options.messagesPerSMax;
    this.#tokensNs = nowNs;
  }

  get isBehind(): boolean {
    return this.#behindSinceNs !== undefined;
  }

  get isPaced(): boolean {
    return this.#intervalMs > 0;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Symbols that wait for this socket. */
  get pending(): number {
    return this.#pending.size;
  }

  pace(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#nextFlushNs = Number.NEGATIVE_INFINITY;
  }

  /** One client message more; false: too many. */
  spend(nowNs: MonoNanos): boolean {
    const { messagesPerSMax } = this.#options;
    this.#tokens = Math.min(
      2 * messagesPerSMax,
      this.#tokens + ((nowNs - this.#tokensNs) / 1e9) * messagesPerSMax,
    );
    this.#tokensNs = nowNs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** A new signal of a subscribed symbol; goes out with the next flush. */
  offer(frame: SignalFrame): void {
    if (this.#behindSinceNs === undefined && this.#intervalMs === 0)
      this.#outbox.push(frame);
    else this.#await(frame.symbolIndex, "signal");
  }

  /** The state of a symbol just subscribed; goes out with the next flush, as its newest signal then. */
  offerSnapshot(symbolIndex: number): void {
    this.#pending.set(symbolIndex, "snapshot");
  }

  /** The symbol is no longer wanted. */
  forget(symbolIndex: number): void {
    this.#pending.delete(symbolIndex);
  }

  /** Sends what may be sent, in one packet where possible. */
  flush(nowNs: MonoNanos): void {
    if (this.#isClosed) return;
    const mayCatchUp = this.#pending.size > 0 && nowNs >= this.#nextFlushNs;
    if (this.#outbox.length === 0 && !mayCatchUp) return;
    this.#raw.cork(() => {
      // Snapshots of this turn stand before its signals, and what fell behind is older than the outbox.
      if (mayCatchUp) this.#catchUp(nowNs);
      for (const frame of this.#outbox)
        if (this.#behindSinceNs === undefined)
          this.#send(frame, "signal", nowNs);
        else this.#await(frame.symbolIndex, "signal");
    });
    this.#outbox = [];
  }

  /** The kernel took bytes: progress, so the socket is no longer stalled. */
  drained(nowNs: MonoNanos): void {
    if (this.#isClosed || this.#behindSinceNs === undefined) return;
    if (this.#raw.getBufferedAmount() > this.#options.bytesMax / 2) return;
    this.#behindSinceNs = undefined;
    this.flush(nowNs);
  }

  /** What the peer can do without: a heartbeat, a ladder. A socket that is behind does not get it. */
  tell(data: Uint8Array, nowNs: MonoNanos): void {
    if (this.#behindSinceNs === undefined) this.reply(data, nowNs);
  }

  /** What the peer waits for. False: it asks without reading what it is told, and has now twice the bound waiting. */
  reply(data: Uint8Array, nowNs: MonoNanos): boolean {
    if (this.#isClosed) return true;
    if (this.#raw.getBufferedAmount() > 2 * this.#options.bytesMax)
      return false;
    this.#raw.send(data, this.encoding === "msgpack");
    this.#checkBound(nowNs);
    return true;
  }

  isStalled(nowNs: MonoNanos): boolean {
    return (
      this.#behindSinceNs !== undefined &&
      nowNs - this.#behindSinceNs > msToNs(this.#options.stalledMsMax)
    );
  }

  end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.closed();
    this.#raw.end(code, reason);
  }

  /** The peer is gone: nothing may be sent any more. */
  closed(): void {
    this.#isClosed = true;
    this.#outbox = [];
    this.#pending.clear();
  }

  #await(symbolIndex: number, kind: FrameKind): void {
    const waiting = this.#pending.get(symbolIndex);
    if (waiting === undefined) this.#pending.set(symbolIndex, kind);
    else this.conflated++;
  }

  #catchUp(nowNs: MonoNanos): void {
    this.#nextFlushNs = nowNs + msToNs(this.#intervalMs);
    for (const [symbolIndex, kind] of this.#pending) {
      if (this.#behindSinceNs !== undefined) return;
      this.#pending.delete(symbolIndex);
      const frame = this.#board.latest(symbolIndex);
      if (frame !== undefined) this.#send(frame, kind, nowNs);
    }
  }

  #send(frame: SignalFrame, kind: FrameKind, nowNs: MonoNanos): void {
    const data = frame.bytes(kind, this.encoding);
    const status = this.#raw.send(data, this.encoding === "msgpack");
    if (status === SEND_DROPPED) this.#await(frame.symbolIndex, kind);
    else this.delivered++;
    this.#checkBound(nowNs);
  }

  #checkBound(nowNs: MonoNanos): void {
    if (this.#raw.getBufferedAmount() > this.#options.bytesMax)
      this.#behindSinceNs ??= nowNs;
  }
}
