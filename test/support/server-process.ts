/** A real server on a free loopback port: started until it answers, killed, frozen and started again by tests. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, Socket, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const READY_MS = 15_000;
/** None outlives the test's own process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

export class ServerProcess {
  readonly #binary: string;
  readonly #args: readonly string[];
  readonly #greeting: string | undefined;
  readonly port: number;
  #child: ChildProcess | undefined;
  #output = "";

  /** `greeting` is sent on the first connection; any answer (or, without it, any greeting of the server) means ready. */
  constructor(
    binary: string,
    args: readonly string[],
    port: number,
    greeting?: string,
  ) {
    this.#binary = binary;
    this.#args = args;
    this.port = port;
    this.#greeting = greeting;
  }

  async start(): Promise<void> {
    const child = spawn(this.#binary, this.#args, {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#output = "";
    const collect = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const until = Date.now() + READY_MS;
    while (!(await answers(this.port, this.#greeting))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`${this.#binary} did not start: ${this.#output}`);
      await sleep(20);
    }
  }

  /** Stops it and waits until it is gone. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    await gone;
  }

  /** Makes it read its configuration again. */
  reload(): void {
    this.#child?.kill("SIGHUP");
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }
}

const answers = (port: number, greeting: string | undefined) =>
  new Promise<boolean>((resolve) => {
    const socket = new Socket();
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(500, () => end(false));
    socket.once("error", () => end(false));
    socket.once("data", () => end(true));
    socket.connect(port, "127.0.0.1", () => {
      if (greeting !== undefined) socket.write(greeting);
    });
  });
