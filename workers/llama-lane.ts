/** LLaMA in a process of its own: a crash or a hang costs its callers a deadline and nobody else anything. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { InferenceRequest } from "../engine/ports.ts";
import { assert } from "../engine/std/assert.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import { systemTimers } from "../engine/std/time.ts";
import type { TimerHandle } from "../engine/std/time.ts";
import { llamaSpec } from "../models/llama/spec.ts";
import type { LlamaSpec } from "../models/llama/spec.ts";
import type { ModelEntry } from "../models/registry.ts";
import { predictionOf } from "./answer.ts";
import type { Lane, LanePorts, LaneState, LaneStatus } from "./lane.ts";
import { fromLlama } from "./llama-messages.ts";
import type { FromLlama, ToLlama } from "./llama-messages.ts";
import { ModelMeter } from "./model-meter.ts";
import { Tickets } from "./tickets.ts";
import type { Ticket } from "./tickets.ts";

export interface LlamaLaneOptions {
  readonly processUrl: URL;
  readonly entry: ModelEntry;
  readonly queueMax: number;
  /** Threads of llama.cpp. */
  readonly threads: number;
  readonly gpu: "auto" | "off";
  /** The whole environment of the process, e.g. CUDA_VISIBLE_DEVICES: llama.cpp chooses its card by nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** A text that takes longer ends the process. */
  readonly hungMs: number;
  /** A model that takes longer to load ends the process. */
  readonly loadMs: number;
  /** How long `start` waits for it: a large model goes on loading while the engine works. */
  readonly startMs: number;
  readonly closeMs: number;
}

const RESPAWN_MS_MIN = 100;
const RESPAWN_MS_MAX = 30_000;

export class LlamaLane implements Lane {
  readonly #options: LlamaLaneOptions;
  readonly #ports: LanePorts;
  readonly #spec: LlamaSpec;
  readonly #tickets: Tickets;
  readonly #meter: ModelMeter;
  #child: ChildProcess | undefined;
  #state: LaneState = "starting";
  #reason = "";
  #device = "";
  #current: { readonly id: number; readonly ticket: Ticket } | undefined;
  #patience: TimerHandle | undefined;
  #id = 0;
  #respawnMs = RESPAWN_MS_MIN;
  #timeouts = 0;
  #lateResults = 0;
  #crashes = 0;
  #settled: (() => void) | undefined;
  #idle: (() => void) | undefined;

  /** E_MODEL_CONTRACT when the manifest does not make sense. */
  constructor(options: LlamaLaneOptions, ports: LanePorts) {
    this.#options = options;
    this.#ports = ports;
    const { manifest } = options.entry;
    this.#spec = llamaSpec(manifest);
    this.#meter = new ModelMeter(ports.telemetry, manifest.name);
    this.#tickets = new Tickets([manifest.name], {
      queueMax: options.queueMax,
      clock: ports.clock,
      timers: ports.timers,
      onTimeout: () => this.#timeouts++,
      onMiss: (_, code) => this.#meter.missed(code),
    });
  }

  /** Resolves when the model answers, is known not to, or takes its time. */
  async start(): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      const bound = systemTimers.after(this.#options.startMs, resolve);
      this.#settled = () => {
        bound.cancel();
        resolve();
      };
    });
    this.#spawn();
    await settled;
  }

  get pending(): number {
    return this.#tickets.pending;
  }

  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void {
    const refusal =
      request.input.kind === "text" ? this.#refusal() : "E_INPUT_SCHEMA";
    this.#tickets.enqueue(request, onPrediction, onMiss, refusal);
    this.#pump();
  }

  status(): LaneStatus {
    const { manifest } = this.#options.entry;
    return {
      name: manifest.name,
      state: this.#state,
      reason: this.#reason,
      device: this.#device,
      threads: this.#options.threads,
      processId: this.#child?.pid,
      queued: this.#tickets.waiting,
      inFlight: this.#current === undefined ? 0 : 1,
      abandoned: 0,
      timeouts: this.#timeouts,
      lateResults: this.#lateResults,
      crashes: this.#crashes,
      models: [
        {
          name: manifest.name,
          refusal: this.#refusal(),
          detail: this.#reason,
          degraded: this.#options.gpu === "auto" && this.#device === "cpu",
        },
      ],
    };
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const isWorking = this.#state === "ready" && this.#tickets.pending > 0;
    this.#become("closed", "closing");
    if (isWorking)
      await new Promise<void>((resolve) => {
        // Holds the process open: a drain must end.
        const bound = setTimeout(resolve, this.#options.closeMs);
        this.#idle = () => {
          clearTimeout(bound);
          resolve();
        };
      });
    this.#patience?.cancel();
    this.#tickets.missAll("E_STATE_DRAINING");
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });
  }

  #refusal(): ErrorCode | undefined {
    switch (this.#state) {
      case "absent":
      case "failed":
        return "E_MODEL_DEVICE";
      case "closed":
        return "E_STATE_DRAINING";
      case "starting":
      case "recovering":
      case "ready":
        return undefined;
    }
  }

  #spawn(): void {
    const { processUrl, entry, env, threads, gpu, loadMs } = this.#options;
    const child = fork(fileURLToPath(processUrl), [], {
      env,
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    this.#child = child;
    child.on("message", (value) => {
      const message = fromLlama(value);
      if (child === this.#child && message !== undefined) this.#hear(message);
    });
    child.on("error", (error) => {
      this.#ports.log.error("llamaProcessError", { error: error.message });
    });
    child.on("exit", (code, signal) => {
      if (child === this.#child) this.#exited(signal ?? `exit ${code ?? 0}`);
    });
    this.#patience = systemTimers.after(loadMs, () => child.kill("SIGKILL"));
    const { promptHead, promptTail, answers, tokensMax } = this.#spec;
    this.#say({
      kind: "load",
      path: entry.path,
      promptHead,
      promptTail,
      answers,
      tokensMax,
      decoding: entry.manifest.decoding,
      threads,
      gpu,
    });
  }

  #say(message: ToLlama): void {
    // The error of a closed channel: its process has ended, and `exit` says so.
    this.#child?.send(message, () => undefined);
  }

  #hear(message: FromLlama): void {
    switch (message.kind) {
      case "ready":
        this.#patience?.cancel();
        this.#device = message.device;
        if (this.#state === "closed") return;
        this.#become("ready", "");
        this.#settled?.();
        this.#pump();
        return;
      case "unfit":
        this.#patience?.cancel();
        if (this.#state === "closed") return;
        this.#become(
          message.why === "absent" ? "absent" : "failed",
          message.detail,
        );
        this.#ports.log.warn("llamaUnfit", { detail: message.detail });
        this.#child?.kill("SIGKILL");
        this.#tickets.missAll("E_MODEL_DEVICE");
        this.#settled?.();
        return;
      case "classified": {
        const ticket = this.#finished(message.id);
        if (ticket === undefined) return;
        this.#meter.run.recordNs(message.runNs);
        this.#meter.rows.add(1);
        this.#respawnMs = RESPAWN_MS_MIN;
        this.#answer(ticket, message.probabilities);
        this.#pump();
        return;
      }
      case "refused": {
        const ticket = this.#finished(message.id);
        if (ticket === undefined) return;
        this.#tickets.miss(ticket, message.code);
        this.#pump();
        return;
      }
    }
  }

  #answer(ticket: Ticket, probabilities: readonly number[]): void {
    if (ticket.answered) {
      this.#lateResults++;
      return;
    }
    try {
      const statement = this.#spec.read(probabilities);
      this.#tickets.predict(
        ticket,
        predictionOf(this.#options.entry.manifest, ticket.request, statement),
      );
    } catch (error) {
      this.#tickets.miss(ticket, toCodedError(error).code);
    }
  }

  #finished(id: number): Ticket | undefined {
    if (this.#current?.id !== id) return undefined;
    const { ticket } = this.#current;
    this.#current = undefined;
    this.#patience?.cancel();
    return ticket;
  }

  #pump(): void {
    if (this.#current !== undefined) return;
    const isOpen = this.#state === "ready" || this.#state === "closed";
    const [ticket] = isOpen ? this.#tickets.nextBatch(() => 1) : [];
    if (ticket === undefined) {
      if (this.#tickets.pending === 0) this.#idle?.();
      return;
    }
    const { input } = ticket;
    assert(input.kind === "text", "only texts are queued for a LLaMA");
    const id = ++this.#id;
    this.#current = { id, ticket };
    this.#meter.queue.recordNs(this.#ports.clock.nowNs() - ticket.enqueuedNs);
    const child = this.#child;
    this.#patience = systemTimers.after(this.#options.hungMs, () => {
      this.#ports.log.error("llamaHung", { afterMs: this.#options.hungMs });
      child?.kill("SIGKILL");
    });
    this.#say({ kind: "classify", id, text: input.text });
  }

  #exited(how: string): void {
    this.#patience?.cancel();
    this.#child = undefined;
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined)
      this.#tickets.miss(current.ticket, "E_MODEL_CRASH");
    if (this.#state === "closed") {
      this.#idle?.();
      return;
    }
    if (this.#state === "absent" || this.#state === "failed") return;
    this.#crashes++;
    this.#become("recovering", how);
    this.#settled?.();
    this.#ports.log.error("llamaProcessEnded", {
      how,
      respawnMs: this.#respawnMs,
    });
    systemTimers.after(this.#respawnMs, () => {
      if (this.#state === "recovering") this.#spawn();
    });
    this.#respawnMs = Math.min(this.#respawnMs * 2, RESPAWN_MS_MAX);
  }

  #become(state: LaneState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
  }
}
