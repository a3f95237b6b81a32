/** nats-server for one test: plain, or with the repository's own nats.conf. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverBinary } from "./server-binary.ts";
import { freePort, ServerProcess } from "./server-process.ts";

export interface NatsServer {
  readonly port: number;
  readonly url: string;
  /** `nats://user:password@…` with the development password of nats.conf. */
  urlAs(user: "feed" | "engine" | "client" | "operator"): string;
  /** Again on the same port, after `stop`. */
  start(): Promise<void>;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Changes the configuration that it was started with, and makes it take that up. */
  reconfigure(edit: (config: string) => string): void;
  freeze(): void;
  thaw(): void;
  /** Stops it and removes what it stored. */
  close(): Promise<void>;
}

/** `config` is a file for `-c`; its port and store are replaced by free ones. */
export const startNats = async (config?: string): Promise<NatsServer> => {
  const binary = await serverBinary("nats-server", "nats-server");
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "fusewire-nats-"));
  const path = join(folder, "nats.conf");
  if (config !== undefined) await relocate(config, path, port, folder);
  const args =
    config === undefined
      ? ["-a", "127.0.0.1", "-p", String(port), "-sd", folder]
      : ["-c", path];
  const server = new ServerProcess(binary, args, port);
  await server.start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    urlAs: (user) => `nats://${user}:${user}-dev@127.0.0.1:${port}`,
    start: () => server.start(),
    stop: (signal) => server.stop(signal),
    reconfigure: (edit) => {
      writeFileSync(path, edit(readFileSync(path, "utf8")));
      server.reload();
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Copies the configuration with its ports and its store replaced; all else as it stands. */
const relocate = async (
  config: string,
  to: string,
  port: number,
  folder: string,
): Promise<void> => {
  const monitor = await freePort();
  const text = readFileSync(config, "utf8")
    .replace(/^listen: .*$/m, `listen: 127.0.0.1:${port}`)
    .replace(/^http: .*$/m, `http: 127.0.0.1:${monitor}`)
    .replace(/store_dir: .*$/m, `store_dir: "${folder}"`);
  writeFileSync(to, text);
};
