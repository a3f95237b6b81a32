/** One socket's life: connected within a time, kept alive in the venue's manner, paced, and given up when it falls silent. */
import type { Clock, TimerHandle, Timers } from "../../ports.ts";
import { RingBuffer } from "../../std/ring-buffer.ts";
import { msToNs } from "../../std/time.ts";
import { RateWindow } from "./rate-window.ts";
import type { OpenSocket, SocketEnd, VenueSocket } from "./socket.ts";

export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly payloadBytesMax: number;
  /** Messages that wait to be sent. */
  readonly sendMax: number;
  readonly messagesPerSecondMax: number;
  /** No frame of any kind for this long: the connection is dead, whatever the operating system says. */
  readonly silenceMs: number;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly openSocket: OpenSocket;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: ConnectionLimits;
  /** As a message; without it the WebSocket's own ping. */
  readonly ping:
    { readonly everyMs: number; readonly text: string } | undefined;
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  /** Once, and last; not after `close`. */
  readonly onDown: (reason: DownReason, retryAfterMs?: number) => void;
}

export const DOWN_REASONS = [
  "connectTimeout",
  "refused",
  "closed",
  "oversize",
  "silent",
  "noData",
  "sendOverflow",
  "overflow",
  "malformed",
] as const;
/** Why a connection was lost or given up. */
export type DownReason = (typeof DOWN_REASONS)[number];

const CLOSED_TOO_BIG = 1009;

export class VenueConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: VenueSocket;
  readonly #unsent: RingBuffer<string>;
  readonly #messages: RateWindow;
  readonly #timers: TimerHandle[] = [];
  #sending: TimerHandle | undefined;
  #isOpen = false;
  #isOver = false;
  #aliveNs: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { url, openSocket, clock, timers, limits } = options;
    this.#unsent = new RingBuffer(limits.sendMax);
    this.#messages = new RateWindow(limits.messagesPerSecondMax, 1_000);
    this.#aliveNs = clock.nowNs();
    this.#timers.push(
      // A little after the socket's own, which knows more of why.
      timers.after(limits.connectTimeoutMs * 1.25, () => {
        if (!this.#isOpen) this.giveUp("connectTimeout");
      }),
      timers.every(limits.silenceMs / 4, () => this.#checkAlive()),
    );
    const { connectTimeoutMs, payloadBytesMax } = limits;
    this.#socket = openSocket(
      { url, connectTimeoutMs, payloadBytesMax },
      {
        onOpen: () => this.#opened(),
        onText: (text) => {
          if (this.#isOver) return;
          this.#aliveNs = clock.nowNs();
          options.onText(text);
        },
        onAlive: () => {
          this.#aliveNs = clock.nowNs();
        },
        onEnd: (end) => this.#ended(end),
      },
    );
  }

  /** In order, no faster than the venue allows. */
  send(text: string): void {
    if (this.#isOver) return;
    if (!this.#unsent.push(text)) this.giveUp("sendOverflow");
    else this.#flush();
  }

  /** For a reason of ours: told as any other loss. */
  giveUp(reason: DownReason, retryAfterMs?: number): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onDown(reason, retryAfterMs);
  }

  /** For good, and silently. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sending?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#socket.close();
  }

  #opened(): void {
    if (this.#isOver) return;
    const { timers, clock, ping, limits } = this.#options;
    this.#isOpen = true;
    this.#aliveNs = clock.nowNs();
    this.#timers.push(
      timers.every(ping?.everyMs ?? limits.silenceMs / 3, () => {
        if (ping === undefined) this.#socket.ping();
        else this.send(ping.text);
      }),
    );
    this.#options.onOpen();
    this.#flush();
  }

  #ended({ code, status, retryAfterMs }: SocketEnd): void {
    if (!this.#isOpen || status !== undefined)
      this.giveUp("refused", retryAfterMs);
    else if (code === CLOSED_TOO_BIG) this.giveUp("oversize");
    else this.giveUp("closed");
  }

  #flush(): void {
    if (!this.#isOpen || this.#isOver || this.#sending !== undefined) return;
    const { clock, timers } = this.#options;
    while (this.#unsent.size > 0 && this.#messages.take(clock.nowNs()))
      this.#socket.send(this.#unsent.shift()!);
    if (this.#unsent.size === 0) return;
    this.#sending = timers.after(
      Math.max(1, this.#messages.waitMs(clock.nowNs())),
      () => {
        this.#sending = undefined;
        this.#flush();
      },
    );
  }

  #checkAlive(): void {
    const { clock, limits } = this.#options;
    if (clock.nowNs() - this.#aliveNs >= msToNs(limits.silenceMs))
      this.giveUp(this.#isOpen ? "silent" : "connectTimeout");
  }
}
