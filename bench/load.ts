/** An open-loop load that neither burns a core nor moves in whole milliseconds: it sleeps in Atomics.wait and writes synchronously. */
import { connect, type Socket } from "node:net";
import { systemClock } from "../engine/std/time.ts";

export interface LoadPlan {
  /** Events a second. */
  readonly rate: number;
  readonly events: number;
  /** Called for each event that is due, never early. Late ones follow at once: the schedule waits for nobody. */
  send(i: number): void;
  /** After each batch of due events. */
  flush(): void;
}

export interface LoadRun {
  readonly startNs: number;
  readonly stepNs: number;
  readonly elapsedNs: number;
  /** How late the generator itself was at worst. */
  readonly lateMaxNs: number;
}

/** Without a turn of the event loop the socket would never be read, nor a full one be written on. */
const YIELD_NS = 50e6;
/** Atomics.wait wakes about this late. */
const WAKE_NS = 50e3;
const NAP_MIN_NS = 20e3;

export const runLoad = async (plan: LoadPlan): Promise<LoadRun> => {
  const { rate, events } = plan;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const stepNs = 1e9 / rate;
  const startNs: number = systemClock.nowNs() + 5e6;
  let lateMaxNs = 0;
  let yieldedNs = startNs;
  for (let i = 0; i < events;) {
    let nowNs = systemClock.nowNs();
    const due = Math.min(events, Math.floor((nowNs - startNs) / stepNs) + 1);
    if (i < due) {
      lateMaxNs = Math.max(lateMaxNs, nowNs - (startNs + i * stepNs));
      while (i < due) plan.send(i++);
      plan.flush();
      nowNs = systemClock.nowNs();
    }
    if (nowNs - yieldedNs > YIELD_NS) {
      await new Promise((resolve) => setImmediate(resolve));
      yieldedNs = systemClock.nowNs();
      continue;
    }
    const napNs = startNs + i * stepNs - nowNs;
    if (napNs > NAP_MIN_NS)
      Atomics.wait(cell, 0, 0, Math.max(1e3, napNs - WAKE_NS) / 1e6);
  }
  return {
    startNs,
    stepNs,
    elapsedNs: systemClock.nowNs() - startNs,
    lateMaxNs,
  };
};

const BATCH_BYTES = 1 << 20;
const CRLF = 0x0a0d;

/** Publishes on NATS straight through a socket: what a client library would queue until the loop turns is written at once. */
export class RawPublisher {
  readonly #socket: Socket;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #size = 0;
  #unread = "";
  #onSubject: ((subject: string) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk.toString("latin1")));
  }

  /** Resolves once the server has answered a ping: from then on it reads what is published. */
  static async connect(port: number): Promise<RawPublisher> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const publisher = new RawPublisher(socket);
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n');
    await new Promise<void>((resolve) => {
      const onData = (chunk: Buffer): void => {
        if (!chunk.includes("PONG")) return;
        socket.off("data", onData);
        resolve();
      };
      socket.on("data", onData);
    });
    return publisher;
  }

  /** Payloads are not looked at: it serves requests whose subject says it all. */
  subscribe(pattern: string, onSubject: (subject: string) => void): void {
    this.#onSubject = onSubject;
    this.#socket.write(`SUB ${pattern} 1\r\n`);
  }

  /** Copies the payload into the batch; `flush` writes the batch. */
  publish(subject: string, payload: Uint8Array): void {
    const head = `PUB ${subject} ${payload.byteLength}\r\n`;
    const need = head.length + payload.byteLength + 2;
    if (this.#size + need > this.#batch.length) this.flush();
    const batch = this.#batch;
    let at = this.#size;
    at += batch.write(head, at, "latin1");
    batch.set(payload, at);
    at += payload.byteLength;
    batch.writeUInt16LE(CRLF, at);
    this.#size = at + 2;
  }

  flush(): void {
    if (this.#size === 0) return;
    this.#socket.write(this.#batch.subarray(0, this.#size));
    // What the kernel did not take at once is still read from this batch.
    if (this.#socket.writableLength > 0)
      this.#batch = Buffer.allocUnsafe(BATCH_BYTES);
    this.#size = 0;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split("\r\n");
    this.#unread = lines.pop()!;
    for (const line of lines) {
      if (line === "PING") this.#socket.write("PONG\r\n");
      else if (line.startsWith("-ERR")) throw new Error(`nats-server: ${line}`);
      else if (line.startsWith("MSG ")) this.#onSubject?.(line.split(" ")[1]!);
    }
  }
}
