/** The whole engine inside a test, with its real threads, on a real broker, and one WebSocket client that hears everything. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../engine/config.ts";
import type { Signal } from "../../engine/domain/signal.ts";
import { startEngine, type Engine } from "../../engine/main.ts";
import { NO_LOG } from "../../engine/ports.ts";
import { WsClient } from "./ws-client.ts";

export interface TestEngine {
  readonly engine: Engine;
  /** Everything that the WebSocket delivered, in order. */
  readonly signals: Signal[];
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

export const startTestEngine = async (
  natsUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestEngine> => {
  const stateDir = mkdtempSync(join(tmpdir(), "fusewire-state-"));
  const config = loadConfig({
    env: {},
    flags: new Map(
      Object.entries({
        "nats.url": natsUrl,
        "http.port": "0",
        "state.dir": stateDir,
        ...settings,
      }),
    ),
  });
  const engine = await startEngine({
    config,
    log: NO_LOG,
    onFatal: (error) => {
      throw error;
    },
  });
  const port = Number(new URL(engine.url).port);
  const socket = await WsClient.connect({ port });
  const signals: Signal[] = [];
  socket.onMessage = (message) => {
    const { type, signal } = JSON.parse(String(message)) as {
      type: string;
      signal: Signal;
    };
    if (type === "signal" || type === "snapshot") signals.push(signal);
  };
  socket.send({ op: "subscribe", symbols: ["*"], id: 1 });
  return {
    engine,
    signals,
    ready: async () => (await fetch(`${engine.url}health/ready`)).ok,
    close: async () => {
      socket.destroy();
      await engine.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};
