/** A TCP proxy that misbehaves on demand: silence, resets, corrupt bytes, delay, slices. */
import { once } from "node:events";
import { createServer, Socket, type AddressInfo, type Server } from "node:net";

export type Fault =
  | { readonly kind: "none" }
  /** Neither direction gets anything any more; the sockets stay open. */
  | { readonly kind: "blackhole" }
  /** Every n-th byte towards the client is flipped. */
  | { readonly kind: "corrupt"; readonly every: number }
  | { readonly kind: "delay"; readonly ms: number }
  /** Towards the client in pieces of so many bytes. */
  | { readonly kind: "slice"; readonly bytes: number };

export class TcpProxy {
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  fault: Fault = { kind: "none" };
  /** Connections accepted so far. */
  accepted = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** RST on every connection. */
  reset(): void {
    for (const [client, upstream] of this.#pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  async close(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.accepted++;
    const upstream = new Socket();
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    upstream.connect(this.#target, "127.0.0.1");
    client.on("data", (chunk) => this.#pass(chunk, upstream, "up"));
    upstream.on("data", (chunk) => this.#pass(chunk, client, "down"));
  }

  #pass(chunk: Buffer, to: Socket, way: "up" | "down"): void {
    const { fault } = this;
    const write = (data: Buffer) => {
      if (!to.destroyed) to.write(data);
    };
    switch (fault.kind) {
      case "none":
        write(chunk);
        break;
      case "blackhole":
        break;
      case "delay":
        setTimeout(() => write(chunk), fault.ms).unref();
        break;
      case "corrupt":
        if (way === "down")
          for (let i = fault.every - 1; i < chunk.length; i += fault.every)
            chunk[i] = chunk[i]! ^ 0xff;
        write(chunk);
        break;
      case "slice":
        if (way === "up") write(chunk);
        else
          for (let at = 0; at < chunk.length; at += fault.bytes)
            write(chunk.subarray(at, at + fault.bytes));
    }
  }
}
