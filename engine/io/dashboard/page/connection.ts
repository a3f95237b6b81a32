/** The socket to the engine: opens again by itself, and says when what is shown is no longer true. */
import type { Ladder, ServerMessage, Signal } from "./wire.ts";

export type ConnectionState = "connecting" | "open" | "lost";

export interface ConnectionListener {
  onState(state: ConnectionState): void;
  onHello(epoch: string, symbols: readonly string[]): void;
  onSignal(signal: Signal): void;
  onLadder(ladder: Ladder): void;
  onTime(timeUs: number): void;
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5000;
const HEARTBEATS_MISSED_MAX = 2.5;
const FRAMES_PER_S_MAX = 500;

/** More symbols than a page can draw ten times a second are asked for less often. */
const intervalFor = (symbols: number): number =>
  Math.min(2000, Math.max(100, (1000 * symbols) / FRAMES_PER_S_MAX)) | 0;

export class Connection {
  readonly #url: string;
  readonly #listener: ConnectionListener;
  #socket: WebSocket | undefined;
  #retryMs = RETRY_MS_MIN;
  #watched = "";
  #silence: number | undefined;
  #silenceMsMax = 12_000;

  constructor(url: string, listener: ConnectionListener) {
    this.#url = url;
    this.#listener = listener;
  }

  open(): void {
    this.#listener.onState("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heard(socket);
    socket.addEventListener("message", (event) => {
      this.#heard(socket);
      this.#read(JSON.parse(event.data as string) as ServerMessage);
    });
    socket.addEventListener("close", () => this.#lost(socket));
  }

  /** The symbol whose book is shown. */
  watch(symbol: string): void {
    this.#watched = symbol;
    this.#send({ op: "watch", symbol });
  }

  #read(message: ServerMessage): void {
    switch (message.type) {
      case "hello":
        this.#retryMs = RETRY_MS_MIN;
        this.#silenceMsMax = message.heartbeatMs * HEARTBEATS_MISSED_MAX;
        this.#listener.onState("open");
        this.#listener.onHello(message.epoch, message.symbols);
        this.#send({
          op: "subscribe",
          symbols: ["*"],
          intervalMs: intervalFor(message.symbols.length),
        });
        if (this.#watched !== "") this.watch(this.#watched);
        return;
      case "snapshot":
      case "signal":
        this.#listener.onSignal(message.signal);
        return;
      case "book":
        this.#listener.onLadder(message.book);
        return;
      case "heartbeat":
        this.#listener.onTime(message.timeUs);
        return;
      default:
        return;
    }
  }

  #send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify(message));
  }

  /** A socket can be dead and open for minutes; the heartbeat tells. */
  #heard(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      socket.close();
      this.#lost(socket);
    }, this.#silenceMsMax);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearTimeout(this.#silence);
    // Spread, so that a restarted engine is not met by every page at once.
    const delayMs = this.#retryMs * (0.75 + Math.random() / 2);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
    this.#listener.onState("lost");
    setTimeout(() => this.open(), delayMs);
  }
}
