/** A venue on this machine: one WebSocket and REST server that plays a stream, keeps the reference book, and can be made to fail. */
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Random } from "../../engine/std/random.ts";
import {
  newReferenceBook,
  type Dialect,
  type ReferenceBook,
} from "./venue-dialects.ts";

/** What may happen to a message on its way, each with the given chance. */
export interface WireFaults {
  drop: number;
  duplicate: number;
  reorder: number;
  /** Cut in the middle: no longer JSON. */
  corrupt: number;
  /** Held back, with everything after it, for `delayMs`. */
  delay: number;
}

export interface VenueServerOptions {
  readonly dialect: Dialect;
  readonly random: Random;
  readonly delayMs?: number;
  /** Its addresses are then `wss:` and `https:`. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export class VenueServer {
  readonly books = new Map<string, ReferenceBook>();
  readonly faults: WireFaults = {
    drop: 0,
    duplicate: 0,
    reorder: 0,
    corrupt: 0,
    delay: 0,
  };
  /** Injected so far. */
  injected = 0;
  /** Neither messages nor pongs leave any more, and nothing is closed. */
  isSilent = false;
  /** Subscribing brings no snapshot. */
  withholdsSnapshots = false;
  /** REST requests that are still to be answered in this manner. */
  limited = 0;
  stale = 0;
  failing = 0;
  connections = 0;
  requests = 0;
  /** What else is answered over REST, by path. */
  readonly answers = new Map<string, (url: URL) => string>();
  /** What clients sent, newest last. */
  readonly received: string[] = [];
  readonly #options: VenueServerOptions;
  readonly #http;
  readonly #server;
  readonly #sockets = new Map<WebSocket, Line>();
  readonly #old = new Map<string, string>();

  constructor(options: VenueServerOptions) {
    this.#options = options;
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(new URL(request.url ?? "/", "http://x"), response);
    this.#http =
      options.tls === undefined
        ? createServer(answer)
        : createTlsServer(options.tls, answer);
    this.#server = new WebSocketServer({
      server: this.#http,
      autoPong: false,
    });
    this.#server.on("connection", (socket) => this.#connected(socket));
  }

  async start(): Promise<void> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
  }

  get dialect(): Dialect {
    return this.#options.dialect;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get webSocketUrl(): string {
    return `${this.#options.tls === undefined ? "ws" : "wss"}://127.0.0.1:${this.port}`;
  }

  get restUrl(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.port}`;
  }

  get open(): number {
    return this.#sockets.size;
  }

  bookOf(name: string): ReferenceBook {
    let book = this.books.get(name);
    if (book === undefined) {
      book = newReferenceBook();
      this.books.set(name, book);
    }
    return book;
  }

  /** One message of the venue to everybody, and into the reference. */
  play(message: string): void {
    const { dialect } = this.#options;
    const name = dialect.apply(message, (symbol) => this.bookOf(symbol));
    for (const line of this.#sockets.values())
      if (
        name === undefined ||
        line.hears(name, dialect.restPath !== undefined)
      )
        this.#carry(line, name ?? "", this.#numbered(line, message));
  }

  /** Keeps each book as of now, for the stale answers to come. */
  remember(): void {
    for (const [name, book] of this.books)
      this.#old.set(name, this.#options.dialect.snapshot(name, book));
  }

  killConnections(): void {
    for (const socket of this.#sockets.keys()) socket.terminate();
  }

  async close(): Promise<void> {
    this.killConnections();
    this.#server.close();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  #connected(socket: WebSocket): void {
    this.connections++;
    const line = new Line(socket);
    this.#sockets.set(socket, line);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("ping", (data) => {
      if (!this.isSilent) socket.pong(data);
    });
    socket.on("message", (data) => {
      const message = (data as Buffer).toString();
      this.received.push(message);
      if (!this.isSilent) this.#subscribe(line, message);
    });
  }

  #subscribe(line: Line, message: string): void {
    const { dialect } = this.#options;
    const answer = dialect.acknowledged?.(message);
    if (answer !== undefined) line.send(this.#numbered(line, answer));
    for (const name of dialect.subscribed(message)) {
      line.names.add(name);
      const book = this.bookOf(name);
      if (book.isKnown && !this.withholdsSnapshots)
        line.send(this.#numbered(line, dialect.snapshot(name, book)));
    }
  }

  /** Before anything happens to it on its way. */
  #numbered(line: Line, message: string): string {
    const { dialect } = this.#options;
    return dialect.numbered?.(message, line.sent++) ?? message;
  }

  #carry(line: Line, name: string, message: string): void {
    if (this.isSilent) return;
    const { random, delayMs = 50 } = this.#options;
    const { faults } = this;
    const hits = (chance: number): boolean => {
      const isHit = chance > 0 && random.next() < chance;
      if (isHit) this.injected++;
      return isHit;
    };
    if (hits(faults.drop)) return;
    if (hits(faults.corrupt)) {
      line.send(message.slice(0, message.length / 2));
      return;
    }
    if (hits(faults.delay)) line.hold(delayMs);
    line.send(message, name, hits(faults.reorder) ? "afterNext" : "now");
    if (hits(faults.duplicate)) line.send(message);
  }

  #answer(url: URL, response: ServerResponse): void {
    const answer = this.answers.get(url.pathname);
    if (answer !== undefined) {
      response.writeHead(200).end(answer(url));
      return;
    }
    this.requests++;
    const { dialect } = this.#options;
    const name = url.searchParams.get("symbol") ?? "";
    if (url.pathname !== dialect.restPath) {
      response.writeHead(404).end();
      return;
    }
    if (this.limited > 0) {
      this.limited--;
      response.writeHead(429, { "retry-after": "1" }).end();
      return;
    }
    if (this.failing > 0) {
      this.failing--;
      response.writeHead(503).end();
      return;
    }
    let body = dialect.snapshot(name, this.bookOf(name));
    if (this.stale > 0) {
      this.stale--;
      body = this.#old.get(name) ?? body;
    }
    response.writeHead(200, { "x-mbx-used-weight-1m": "50" }).end(body);
  }
}

/** One client's connection. */
class Line {
  readonly names = new Set<string>();
  sent = 0;
  readonly #socket: WebSocket;
  readonly #queue: string[] = [];
  #held: NodeJS.Timeout | undefined;
  readonly #late = new Map<string, string>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Where books are fetched, every stream is heard by who is connected. */
  hears(name: string, isUnfiltered: boolean): boolean {
    return isUnfiltered || this.names.has(name);
  }

  /** `afterNext`: behind the next message of the same book. */
  send(message: string, name = "", when: "now" | "afterNext" = "now"): void {
    const late = this.#late.get(name);
    if (when === "afterNext" && late === undefined) {
      this.#late.set(name, message);
      return;
    }
    this.#write(message);
    if (late === undefined) return;
    this.#late.delete(name);
    this.#write(late);
  }

  hold(ms: number): void {
    this.#held ??= setTimeout(() => {
      this.#held = undefined;
      for (const message of this.#queue.splice(0)) this.#write(message);
    }, ms);
  }

  #write(message: string): void {
    if (this.#held !== undefined) this.#queue.push(message);
    else if (this.#socket.readyState === this.#socket.OPEN)
      this.#socket.send(message);
  }
}
