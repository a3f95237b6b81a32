/** Health and metrics over HTTP, for processes that have no hub. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
}

export class MetricsServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(options: MetricsServerOptions): Promise<MetricsServer> {
    const { metrics, isReady } = options;
    const server = createServer((request, response) => {
      const end = (status: number, type: string, body: string): void => {
        response.writeHead(status, { "content-type": type }).end(body);
      };
      const json = (status: number, body: unknown): void =>
        end(status, "application/json", JSON.stringify(body));
      if (request.method !== "GET") json(405, {});
      else if (request.url === "/health/live") json(200, { live: true });
      else if (request.url === "/health/ready")
        json(isReady() ? 200 : 503, { ready: isReady() });
      else if (request.url === "/metrics")
        void metrics
          .exposition()
          .then((text) => end(200, "text/plain; version=0.0.4", text));
      else json(404, {});
    });
    // Small answers to probes: who is slow or silent is let go.
    server.requestTimeout = 5_000;
    server.maxConnections = 64;
    server.listen(options.port, options.host);
    await once(server, "listening");
    return new MetricsServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
