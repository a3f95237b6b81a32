/** A port to listen on: the one asked for, or a free one where that is 0. */
import { createServer } from "node:net";

/**
 * uWebSockets.js sets SO_REUSEADDR only on a port that is named: one that the kernel chose could not be had back for a minute by a hub
 * thread that restarts. So the choice is made here, and the hub listens on a named port.
 */
export const portFor = (host: string, port: number): Promise<number> =>
  port !== 0
    ? Promise.resolve(port)
    : new Promise((resolve) => {
        const server = createServer();
        // An address that this machine lacks: the hub's own attempt says so.
        server.once("error", () => resolve(0));
        server.listen({ host, port: 0 }, () => {
          const address = server.address();
          server.close(() =>
            resolve(typeof address === "object" ? (address?.port ?? 0) : 0),
          );
        });
      });
