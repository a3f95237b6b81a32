/** The processes of an end-to-end bench: how they are started, asked and ended. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepObjectsYoung } from "../engine/io/young-objects.ts";

type Handlers = Readonly<Record<string, (argument: never) => unknown>>;
type Call = { readonly name: string; readonly argument: unknown };
type Answer = { readonly value: unknown } | { readonly error: string };

/** In a child: answers the parent's calls one after the other. Ends with the parent. Tuned as the engine is: the floor must not be slower for it. */
export const answerCalls = (handlers: Handlers): void => {
  keepObjectsYoung();
  process.on("disconnect", () => process.exit(0));
  process.on("message", ({ name, argument }: Call) => {
    const handler = handlers[name] as (argument: unknown) => unknown;
    const answer = (answer: Answer): void => void process.send!(answer);
    Promise.resolve()
      .then(() => handler(argument))
      .then(
        (value) => answer({ value }),
        (error: unknown) => answer({ error: String(error) }),
      );
  });
};

/** A module of ours in a process of its own, asked one call at a time. */
export class PeerProcess {
  readonly #child: ChildProcess;

  constructor(module: URL) {
    this.#child = fork(module, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  call<T>(name: string, argument: object = {}): Promise<T> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(
          new Error(`${name}: the process ended with ${code ?? "a signal"}`),
        );
      child.once("exit", onExit);
      child.once("message", (answer: Answer) => {
        child.off("exit", onExit);
        if ("error" in answer) reject(new Error(`${name}: ${answer.error}`));
        else resolve(answer.value as T);
      });
      child.send({ name, argument } satisfies Call);
    });
  }

  end(): Promise<void> {
    return endProcess(this.#child);
  }
}

/** Any program, its output kept for the error message and otherwise out of the way. */
export class Program {
  readonly #child: ChildProcess;
  #output = "";

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ) {
    this.#child = spawn(command, args, {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on("data", (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_MAX);
      });
    this.#child.once("error", (error) => {
      this.#output += String(error);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Polls until `isUp` says so; fails when the program ends before or the time is over. */
  async untilUp(
    name: string,
    isUp: () => Promise<boolean>,
    timeoutMs: number,
  ): Promise<void> {
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
      if (await isUp()) return;
      this.check(name);
      await sleep(POLL_MS);
    }
    throw new Error(
      `${name} is not up after ${timeoutMs} ms:\n${this.#output}`,
    );
  }

  /** Throws when the program has ended, with the last that it said. */
  check(name: string): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null)
      throw new Error(`${name} has ended:\n${this.#output}`);
  }

  end(): Promise<void> {
    return endProcess(this.#child);
  }
}

const OUTPUT_MAX = 4_096;
const POLL_MS = 50;
const GRACE_MS = 8_000;

const endProcess = async (child: ChildProcess): Promise<void> => {
  if (
    child.pid === undefined ||
    child.exitCode !== null ||
    child.signalCode !== null
  )
    return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await gone;
  clearTimeout(force);
};

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Free at the time of asking; whoever asked should take it soon. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

export const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });

export interface NatsServer {
  readonly port: number;
  end(): Promise<void>;
}

/** The nats-server found on PATH, on a free loopback port, with a configuration that goes when it ends. */
export const startNatsServer = async (): Promise<NatsServer> => {
  const folder = mkdtempSync(join(tmpdir(), "fusewire-bench-"));
  const file = join(folder, "nats.conf");
  const port = await freePort();
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\nmax_payload: 1MB\nmax_pending: 64MB\n`,
  );
  const program = new Program("nats-server", ["-c", file]);
  const end = async (): Promise<void> => {
    await program.end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await program.untilUp("nats-server", () => accepts(port), 5_000);
  } catch (error) {
    await end();
    throw error;
  }
  return { port, end };
};

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** From /proc; zero where there is none. */
export const usageOf = (pid: number | undefined): Usage => {
  if (pid === undefined) return { cpuSeconds: 0, rssMb: 0 };
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the command's name, which may hold anything, the fields are plain; utime and stime are 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return { cpuSeconds: ticks / TICKS_PER_S, rssMb: Math.round(rssKb / 1024) };
  } catch {
    return { cpuSeconds: 0, rssMb: 0 };
  }
};

/** USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;
