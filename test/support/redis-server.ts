/** redis-server for one test: nothing on disk. */
import { serverBinary } from "./server-binary.ts";
import { freePort, ServerProcess } from "./server-process.ts";

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export const startRedis = async (): Promise<RedisServer> => {
  const binary = await serverBinary("redis-server", "redis-server");
  const port = await freePort();
  const server = new ServerProcess(
    binary,
    [
      "--bind",
      "127.0.0.1",
      "--port",
      String(port),
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      "/tmp",
    ],
    port,
    "PING\r\n",
  );
  await server.start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: () => server.start(),
    stop: () => server.stop(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
  };
};
