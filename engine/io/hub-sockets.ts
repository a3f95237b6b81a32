/** The WebSocket side of the hub: who is connected, what each one asked for, and what goes out to whom. */
import { CodedError } from "../std/errors.ts";
import type { Clock } from "../std/time.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { Encoding } from "../wire/encoding.ts";
import { SignalBoard, SignalFrame } from "./hub-frame.ts";
import { HubHistory } from "./hub-history.ts";
import type { HubCounts } from "./hub-messages.ts";
import type { HubOptions } from "./hub-options.ts";
import {
  decodeClientMessage,
  encodeServerMessage,
  RefusedMessage,
  type ClientMessage,
  type MessageId,
  type ServerMessage,
} from "./hub-protocol.ts";
import type { RingReader } from "./hub-ring.ts";
import { HubSocket, type RawSocket } from "./hub-socket.ts";
import { HubSubscriptions, WILDCARD } from "./hub-subscriptions.ts";
import type { BookLadder } from "./hub-status.ts";

const CLOSE_OVERLOADED = 1013;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_CODED = 4000;

export class HubSockets {
  readonly board = new SignalBoard();
  readonly history = new HubHistory();
  readonly #options: HubOptions;
  readonly #clock: Clock;
  readonly #sockets = new Set<HubSocket>();
  readonly #subscriptions: HubSubscriptions<HubSocket>;
  /** One watched book a socket. */
  readonly #watched = new Map<HubSocket, SymbolId>();
  readonly #indexes = new Map<string, number>();
  #gone = { delivered: 0, conflated: 0 };
  #refused = 0;
  #stalled = 0;

  constructor(options: HubOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#subscriptions = new HubSubscriptions(options.subscriptionsMax);
  }

  /** Symbols whose book somebody looks at. */
  get watched(): readonly SymbolId[] {
    return [...new Set(this.#watched.values())];
  }

  get isFull(): boolean {
    return this.#sockets.size >= this.#options.connectionsMax;
  }

  /** A connection that was turned away before it became a socket. */
  refuse(): void {
    this.#refused++;
  }

  open(raw: RawSocket, encoding: Encoding): HubSocket {
    const socket = new HubSocket(
      raw,
      encoding,
      this.board,
      {
        bytesMax: this.#options.socketBytesMax,
        stalledMsMax: this.#options.stalledMsMax,
        messagesPerSMax: this.#options.messagesPerSMax,
      },
      this.#clock.nowNs(),
    );
    this.#sockets.add(socket);
    const { epoch, version, heartbeatMs } = this.#options;
    const { symbols } = this.board;
    this.#say(socket, { type: "hello", epoch, version, heartbeatMs, symbols });
    return socket;
  }

  closed(socket: HubSocket): void {
    socket.closed();
    if (!this.#sockets.delete(socket)) return;
    this.#gone.delivered += socket.delivered;
    this.#gone.conflated += socket.conflated;
    this.#subscriptions.removeAll(socket);
    this.#watch(socket, undefined);
  }

  /** A ping or pong of the protocol itself: counted like a message, since a flood costs as much. */
  pinged(socket: HubSocket): void {
    if (!socket.spend(this.#clock.nowNs()))
      this.#end(socket, new CodedError("E_LIMIT_RATE"));
  }

  received(socket: HubSocket, bytes: Uint8Array): void {
    const nowNs = this.#clock.nowNs();
    if (!socket.spend(nowNs)) {
      this.#end(socket, new CodedError("E_LIMIT_RATE"));
      return;
    }
    try {
      const { messageBytesMax, subscriptionsMax } = this.#options;
      const limits = {
        bytesMax: messageBytesMax,
        symbolsMax: subscriptionsMax,
      };
      this.#apply(socket, decodeClientMessage(bytes, limits));
    } catch (error) {
      if (!(error instanceof RefusedMessage)) throw error;
      this.#refuseMessage(socket, error.error, error.id);
    }
  }

  named(firstIndex: number, symbols: readonly string[]): void {
    for (const [i, symbol] of symbols.entries()) {
      this.board.name(firstIndex + i, symbol);
      this.#indexes.set(symbol, firstIndex + i);
    }
  }

  indexOf(symbol: string): number | undefined {
    return this.#indexes.get(symbol);
  }

  /** Hands on what is in the ring, up to the first signal whose symbol has no name yet. */
  deliver(ring: RingReader): void {
    const touched = new Set<HubSocket>();
    ring.drain((entry) => {
      const symbol = this.board.symbolAt(entry.symbolIndex);
      if (symbol === undefined) return false;
      const frame = new SignalFrame(entry.symbolIndex, entry.bytes);
      this.board.put(frame);
      this.history.add(entry.symbolIndex, entry);
      this.#subscriptions.forEachOf(symbol, (socket) => {
        socket.offer(frame);
        touched.add(socket);
      });
      return true;
    });
    const nowNs = this.#clock.nowNs();
    for (const socket of touched) socket.flush(nowNs);
  }

  /** The regular look after paced and behind sockets. */
  tend(): void {
    const nowNs = this.#clock.nowNs();
    for (const socket of this.#sockets) {
      if (socket.isPaced) socket.flush(nowNs);
      if (!socket.isStalled(nowNs)) continue;
      this.#stalled++;
      this.#endWith(socket, CLOSE_OVERLOADED, "too slow");
    }
  }

  heartbeat(): void {
    const timeUs = this.#clock.nowUs();
    const frames = framesOf({ type: "heartbeat", timeUs });
    const nowNs = this.#clock.nowNs();
    for (const socket of this.#sockets)
      socket.tell(frames(socket.encoding), nowNs);
  }

  showLadder(book: BookLadder): void {
    const frames = framesOf({ type: "book", book });
    const nowNs = this.#clock.nowNs();
    for (const [socket, symbol] of this.#watched)
      if (symbol === book.symbol) socket.tell(frames(socket.encoding), nowNs);
  }

  drained(socket: HubSocket): void {
    socket.drained(this.#clock.nowNs());
  }

  endAll(): void {
    for (const socket of [...this.#sockets])
      this.#endWith(socket, CLOSE_GOING_AWAY, "the engine stops");
  }

  counts(): HubCounts {
    let { delivered, conflated } = this.#gone;
    let behind = 0;
    for (const socket of this.#sockets) {
      delivered += socket.delivered;
      conflated += socket.conflated;
      if (socket.isBehind) behind++;
    }
    return {
      sockets: this.#sockets.size,
      behind,
      delivered,
      conflated,
      refused: this.#refused,
      stalled: this.#stalled,
    };
  }

  #apply(socket: HubSocket, message: ClientMessage): void {
    const id = message.id === undefined ? {} : { id: message.id };
    switch (message.op) {
      case "subscribe":
        this.#subscribe(socket, message.symbols, message.id);
        socket.pace(message.intervalMs);
        this.#say(socket, {
          type: "subscribed",
          ...id,
          symbols: message.symbols,
        });
        this.#offerSnapshots(socket, message.symbols);
        return;
      case "unsubscribe":
        this.#unsubscribe(socket, message.symbols);
        this.#say(socket, {
          type: "unsubscribed",
          ...id,
          symbols: message.symbols,
        });
        return;
      case "watch":
        this.#watchOrRefuse(socket, message.symbol, message.id);
        this.#say(socket, {
          type: "watching",
          ...id,
          symbols: [message.symbol],
        });
        return;
      case "unwatch":
        this.#watch(socket, undefined);
        this.#say(socket, { type: "watching", ...id, symbols: [] });
        return;
      case "ping":
        this.#say(socket, {
          type: "pong",
          ...id,
          timeUs: this.#clock.nowUs(),
        });
        return;
    }
  }

  #subscribe(
    socket: HubSocket,
    symbols: readonly string[],
    id: MessageId | undefined,
  ): void {
    try {
      this.#subscriptions.add(socket, symbols);
    } catch (error) {
      throw new RefusedMessage(error as CodedError, id);
    }
  }

  #offerSnapshots(socket: HubSocket, symbols: readonly string[]): void {
    const wanted = symbols.includes(WILDCARD) ? this.board.symbols : symbols;
    for (const symbol of wanted) {
      const index = this.#indexes.get(symbol);
      if (index !== undefined && this.board.latest(index) !== undefined)
        socket.offerSnapshot(index);
    }
    socket.flush(this.#clock.nowNs());
  }

  #unsubscribe(socket: HubSocket, symbols: readonly string[]): void {
    this.#subscriptions.remove(socket, symbols);
    for (const [symbol, index] of this.#indexes)
      if (!this.#subscriptions.wants(socket, symbol)) socket.forget(index);
  }

  #watchOrRefuse(
    socket: HubSocket,
    symbol: SymbolId,
    id: MessageId | undefined,
  ): void {
    const { watched } = this;
    if (!watched.includes(symbol) && watched.length >= this.#options.watchedMax)
      throw new RefusedMessage(new CodedError("E_LIMIT_SUBS"), id);
    this.#watch(socket, symbol);
  }

  #watch(socket: HubSocket, symbol: SymbolId | undefined): void {
    if (symbol === undefined) this.#watched.delete(socket);
    else this.#watched.set(socket, symbol);
  }

  #refuseMessage(
    socket: HubSocket,
    error: CodedError,
    id: MessageId | undefined,
  ): void {
    socket.refusals++;
    // What cannot even be decoded has lost step; what is only wrong may try again a few times.
    if (
      error.code === "E_INPUT_DECODE" ||
      socket.refusals >= this.#options.refusalsMax
    ) {
      this.#end(socket, error);
      return;
    }
    this.#say(socket, {
      type: "error",
      ...(id === undefined ? {} : { id }),
      err: error.body(),
    });
  }

  /** Says why, then closes with 4000 + the error's number. */
  #end(socket: HubSocket, error: CodedError): void {
    const err = error.body();
    this.#say(socket, { type: "error", err });
    this.#endWith(socket, CLOSE_CODED + err.num, err.code);
  }

  #endWith(socket: HubSocket, code: number, reason: string): void {
    socket.end(code, reason);
    this.closed(socket);
  }

  #say(socket: HubSocket, message: ServerMessage): void {
    const data = encodeServerMessage(message, socket.encoding);
    if (!socket.reply(data, this.#clock.nowNs()))
      this.#endWith(socket, CLOSE_OVERLOADED, "too slow");
  }
}

/** The same message to many: encoded once for each encoding in use. */
const framesOf = (
  message: ServerMessage,
): ((encoding: Encoding) => Uint8Array) => {
  const made = new Map<Encoding, Uint8Array>();
  return (encoding) => {
    const known = made.get(encoding);
    if (known !== undefined) return known;
    const frame = encodeServerMessage(message, encoding);
    made.set(encoding, frame);
    return frame;
  };
};
