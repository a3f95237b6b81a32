/** `fusewire feed` as a process, and what it has said. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { INSTALLATION } from "../../engine/installation.ts";
import type { VenueRunStatus } from "../../engine/venue-run.ts";

export type FeedStatus = VenueRunStatus & { readonly nats: string };

export interface FeedExit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class FeedProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  constructor(
    args: readonly string[],
    natsUrl?: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    // The address has a password: never on the command line.
    this.#child = spawn(
      process.execPath,
      [INSTALLATION.cliPath, "feed", ...args],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          ...env,
          ...(natsUrl === undefined ? {} : { FUSEWIRE_NATS_URL: natsUrl }),
        },
      },
    );
    this.#closed = once(this.#child, "close");
    this.#child.stdout!.on("data", (chunk) => (this.#stdout += String(chunk)));
    this.#child.stderr!.on("data", (chunk) => (this.#stderr += String(chunk)));
  }

  /** The lines of `--json`, oldest first. */
  get statuses(): readonly FeedStatus[] {
    return this.#stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as FeedStatus);
  }

  /** Of health and metrics, once it listens. */
  get port(): number | undefined {
    const match = /"feed\.listens".*"port":(\d+)/.exec(this.#stderr);
    return match === null ? undefined : Number(match[1]);
  }

  async ended(): Promise<FeedExit> {
    await this.#closed;
    const { exitCode: code } = this.#child;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  end(signal: "SIGTERM" | "SIGKILL"): Promise<FeedExit> {
    this.#child.kill(signal);
    return this.ended();
  }
}
