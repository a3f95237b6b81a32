/** A small WebSocket client (RFC 6455) over a raw socket: what tests need to behave well, badly or not at all. */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export interface WsClientOptions {
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly origin?: string;
}

export interface WsClose {
  /** 1006 where the peer went without a close frame. */
  readonly code: number;
  readonly reason: string;
}

/** Whole messages in order of arrival: text as string, binary as bytes. */
export type WsMessage = string | Uint8Array;

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class UpgradeRefused extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`upgrade refused with ${status}`);
    this.status = status;
    this.body = body;
  }
}

export class WsClient {
  readonly #socket: Socket;
  #buffer: Buffer;
  readonly #fragments: Buffer[] = [];
  #fragmentOpcode = 0;
  #close: WsClose | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly messages: WsMessage[] = [];
  /** The subprotocol that the server chose. */
  readonly protocol: string;
  pongs = 0;
  onMessage: (message: WsMessage) => void = (message) => {
    this.messages.push(message);
  };

  private constructor(socket: Socket, protocol: string, rest: Buffer) {
    this.#socket = socket;
    this.protocol = protocol;
    this.#buffer = rest;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#close ??= { code: 1006, reason: "" };
      this.#wake();
    });
    this.#read(Buffer.alloc(0));
  }

  static connect(options: WsClientOptions): Promise<WsClient> {
    const { port, host = "127.0.0.1", path = "/ws" } = options;
    const key = randomBytes(16).toString("base64");
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
    ];
    if (options.protocol !== undefined)
      lines.push(`Sec-WebSocket-Protocol: ${options.protocol}`);
    if (options.origin !== undefined) lines.push(`Origin: ${options.origin}`);
    const accept = createHash("sha1")
      .update(key + ACCEPT_GUID)
      .digest("base64");

    return new Promise((resolve, reject) => {
      const socket = connect({ port, host }, () =>
        socket.write(`${lines.join("\r\n")}\r\n\r\n`),
      );
      let head = Buffer.alloc(0);
      const onData = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", onData);
        const text = head.subarray(0, end).toString("latin1");
        const rest = head.subarray(end + 4);
        const header = (name: string): string | undefined =>
          new RegExp(`^${name}: *(.*)$`, "im").exec(text)?.[1]?.trim();
        const status = Number(text.split(" ")[1]);
        if (status !== 101) {
          socket.destroy();
          reject(new UpgradeRefused(status, rest.toString()));
        } else if (header("sec-websocket-accept") !== accept) {
          socket.destroy();
          reject(new Error("wrong Sec-WebSocket-Accept"));
        } else {
          socket.off("error", reject);
          const protocol = header("sec-websocket-protocol") ?? "";
          resolve(new WsClient(socket, protocol, rest));
        }
      };
      socket.on("data", onData);
      socket.once("error", reject);
    });
  }

  /** The close frame that arrived, or 1006 once the connection is gone. */
  get closed(): WsClose | undefined {
    return this.#close;
  }

  /** Text as JSON; bytes as they are, in a binary frame. */
  send(message: object): void {
    if (message instanceof Uint8Array) this.frame(OPCODE.binary, message);
    else this.frame(OPCODE.text, Buffer.from(JSON.stringify(message)));
  }

  /** One frame, as wrong as the caller wants it. */
  frame(opcode: number, payload: Uint8Array, isFinal = true): void {
    const mask = randomBytes(4);
    const length = payload.byteLength;
    const head =
      length < 126
        ? Buffer.from([0, 0x80 | length])
        : length < 65_536
          ? Buffer.from([0, 0x80 | 126, length >> 8, length & 0xff])
          : Buffer.alloc(10);
    if (length >= 65_536) {
      head[1] = 0x80 | 127;
      head.writeBigUInt64BE(BigInt(length), 2);
    }
    head[0] = (isFinal ? 0x80 : 0) | opcode;
    const masked = Buffer.from(payload);
    for (let i = 0; i < length; i++) masked[i]! ^= mask[i & 3]!;
    this.raw(Buffer.concat([head, mask, masked]));
  }

  raw(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Stops reading: the peer's bytes pile up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code = 1000): void {
    this.frame(OPCODE.close, Buffer.from([code >> 8, code & 0xff]));
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves when `isTrue` holds; looked at after each message, at the close and every 20 ms. */
  async until(isTrue: () => boolean, timeoutMs = 5000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isTrue()) {
      if (performance.now() > deadline)
        throw new Error(`not within ${timeoutMs} ms: ${isTrue.toString()}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 20);
      });
    }
  }

  async untilClosed(timeoutMs = 5000): Promise<WsClose> {
    await this.until(() => this.#close !== undefined, timeoutMs);
    return this.#close!;
  }

  #read(chunk: Buffer): void {
    this.#buffer =
      this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    let at = 0;
    for (;;) {
      const rest = this.#buffer.length - at;
      if (rest < 2) break;
      let length = this.#buffer[at + 1]! & 0x7f;
      let head = 2;
      if (length === 126) {
        if (rest < 4) break;
        length = this.#buffer.readUInt16BE(at + 2);
        head = 4;
      } else if (length === 127) {
        if (rest < 10) break;
        length = Number(this.#buffer.readBigUInt64BE(at + 2));
        head = 10;
      }
      if (rest < head + length) break;
      const first = this.#buffer[at]!;
      const payload = this.#buffer.subarray(at + head, at + head + length);
      this.#take(first & 0x0f, (first & 0x80) !== 0, Buffer.from(payload));
      at += head + length;
    }
    this.#buffer = this.#buffer.subarray(at);
    this.#wake();
  }

  #take(opcode: number, isFinal: boolean, payload: Buffer): void {
    switch (opcode) {
      case OPCODE.ping:
        this.frame(OPCODE.pong, payload);
        return;
      case OPCODE.pong:
        this.pongs++;
        return;
      case OPCODE.close:
        this.#close ??= {
          code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.subarray(2).toString(),
        };
        this.#socket.end();
        return;
      default:
        if (opcode !== OPCODE.continuation) this.#fragmentOpcode = opcode;
        this.#fragments.push(payload);
        if (!isFinal) return;
        this.#deliver(Buffer.concat(this.#fragments.splice(0)));
    }
  }

  #deliver(whole: Buffer): void {
    this.onMessage(
      this.#fragmentOpcode === OPCODE.text
        ? whole.toString()
        : new Uint8Array(whole),
    );
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
