/** A lane of threads for models heavier than a tree: bounded queue, deadlines, batches of what arrived meanwhile. */
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { InferenceRequest } from "../engine/ports.ts";
import { systemTimers } from "../engine/std/time.ts";
import { isBatchable } from "../models/model-spec.ts";
import type { ModelEntry } from "../models/registry.ts";
import { predictionOf } from "./answer.ts";
import type { Device, LoadedModel, RunReply, WorkerSetup } from "./job.ts";
import type {
  Lane,
  LaneModelStatus,
  LanePorts,
  LaneState,
  LaneStatus,
} from "./lane.ts";
import { ModelMeter } from "./model-meter.ts";
import { ThreadPool } from "./thread-pool.ts";
import { Tickets } from "./tickets.ts";
import type { Ticket } from "./tickets.ts";

export interface InferencePoolOptions {
  readonly name: string;
  readonly workerUrl: URL;
  readonly entries: readonly ModelEntry[];
  readonly device: Device;
  readonly threads: number;
  readonly queueMax: number;
  /** Rows in one call of a model whose first dimension is free. */
  readonly batchMax: number;
  /** A call older than this is given up and its threads are replaced; it ends when it ends. */
  readonly hungMs: number;
  /** Sets of threads given up at once, after which the lane fails until one comes back. */
  readonly abandonedMax: number;
  /** Bound on draining. */
  readonly closeMs: number;
}

const REBUILD_MS_MIN = 100;
const REBUILD_MS_MAX = 5_000;
/** A request that has seen two workers die is answered, not tried again. */
const CRASHES_MAX = 2;

export class InferencePool implements Lane {
  readonly #options: InferencePoolOptions;
  readonly #ports: LanePorts;
  readonly #tickets: Tickets;
  readonly #entries: ReadonlyMap<string, ModelEntry>;
  readonly #batchMax: ReadonlyMap<string, number>;
  readonly #meters: ReadonlyMap<string, ModelMeter>;
  readonly #abandoned = new Set<ThreadPool>();
  #pool: ThreadPool;
  #state: LaneState = "starting";
  #reason = "";
  #loaded: readonly LoadedModel[] = [];
  #rebuildMs = REBUILD_MS_MIN;
  #pumpScheduled = false;
  #timeouts = 0;
  #lateResults = 0;
  #crashes = 0;
  #idle: (() => void) | undefined;

  constructor(options: InferencePoolOptions, ports: LanePorts) {
    this.#options = options;
    this.#ports = ports;
    this.#entries = new Map(
      options.entries.map((entry) => [entry.manifest.name, entry]),
    );
    this.#batchMax = new Map(
      options.entries.map(({ manifest }) => [
        manifest.name,
        isBatchable(manifest) ? options.batchMax : 1,
      ]),
    );
    this.#meters = new Map(
      options.entries.map(({ manifest: { name } }) => [
        name,
        new ModelMeter(ports.telemetry, name),
      ]),
    );
    this.#tickets = new Tickets([...this.#entries.keys()], {
      queueMax: options.queueMax,
      clock: ports.clock,
      timers: ports.timers,
      onTimeout: () => this.#timeouts++,
      onMiss: (model, code) => this.#meters.get(model)?.missed(code),
    });
    this.#pool = this.#buildPool();
  }

  /** Resolves when each model serves or is refused. A lane whose threads cannot start is failed, not thrown. */
  async start(): Promise<void> {
    try {
      await this.#load(this.#pool);
      this.#become("ready", "");
    } catch (error) {
      this.#become("failed", messageOf(error));
    }
    for (const { name, refusal, detail, degraded } of this.#loaded) {
      if (refusal !== undefined)
        this.#ports.log.error("modelRefused", { model: name, refusal, detail });
      else if (degraded)
        this.#ports.log.warn("modelDegraded", { model: name, device: "cpu" });
    }
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
      this.#state === "closed"
        ? "E_STATE_DRAINING"
        : this.#state === "failed"
          ? "E_MODEL_DEVICE"
          : this.#loaded.find(({ name }) => name === request.model)?.refusal;
    const ticket = this.#tickets.enqueue(
      request,
      onPrediction,
      onMiss,
      refusal,
    );
    if (ticket !== undefined) this.#schedulePump();
  }

  status(): LaneStatus {
    const { name, device, threads } = this.#options;
    return {
      name,
      state: this.#state,
      reason: this.#reason,
      device: device.kind === "cpu" ? "cpu" : `cuda:${device.deviceId}`,
      threads,
      processId: undefined,
      queued: this.#tickets.waiting,
      inFlight: this.#pool.running,
      abandoned: this.#abandoned.size,
      timeouts: this.#timeouts,
      lateResults: this.#lateResults,
      crashes: this.#crashes,
      models: this.#loaded.map((model): LaneModelStatus => ({
        name: model.name,
        refusal: model.refusal,
        detail: model.detail,
        degraded: model.degraded,
      })),
    };
  }

  /** Threads inside a native call are left to it: the process may then only be ended by SIGKILL (`status().abandoned`). */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#become("closed", "closing");
    this.#schedulePump();
    await this.#whenIdle(this.#options.closeMs);
    this.#tickets.missAll("E_STATE_DRAINING");
    if (this.#pool.running === 0) await this.#pool.close();
    else this.#abandoned.add(this.#pool);
  }

  #buildPool(): ThreadPool {
    const setup: WorkerSetup = {
      device: this.#options.device,
      models: this.#options.entries.flatMap((entry) =>
        entry.bytes === undefined
          ? []
          : [
              {
                manifest: entry.manifest,
                bytes: entry.bytes,
                tokenizerJson: entry.tokenizerJson,
              },
            ],
      ),
    };
    return new ThreadPool({
      workerUrl: this.#options.workerUrl,
      setup,
      threads: this.#options.threads,
      onError: (error) => {
        this.#ports.log.error("workerError", {
          lane: this.#options.name,
          error: messageOf(error),
        });
        this.#rebuildIfDead();
      },
    });
  }

  /** Once all that one turn submits is there, so that a bar close of many symbols is one batch. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#state === "starting" || this.#state === "recovering") return;
    while (this.#pool.running < this.#options.threads) {
      const batch = this.#tickets.nextBatch((model) =>
        this.#batchMax.get(model)!,
      );
      if (batch.length === 0) break;
      void this.#call(this.#pool, batch);
    }
    if (this.#pool.running === 0 && this.#tickets.pending === 0) this.#idle?.();
  }

  async #call(pool: ThreadPool, batch: readonly Ticket[]): Promise<void> {
    const model = batch[0]!.request.model;
    const meter = this.#meters.get(model)!;
    const nowNs = this.#ports.clock.nowNs();
    for (const { enqueuedNs } of batch)
      meter.queue.recordNs(nowNs - enqueuedNs);
    const patience = systemTimers.after(this.#options.hungMs, () =>
      this.#replaceHung(pool, model),
    );
    let reply: RunReply | undefined;
    try {
      reply = await pool.run({
        kind: "run",
        model,
        rows: batch.map(({ input }) => input),
      });
    } catch (error) {
      this.#crashed(pool, batch, error);
    }
    patience.cancel();
    if (reply !== undefined) {
      meter.run.recordNs(reply.runNs);
      meter.rows.add(batch.length);
      this.#rebuildMs = REBUILD_MS_MIN;
      this.#answer(batch, reply);
    }
    if (!this.#abandoned.has(pool)) this.#schedulePump();
    else if (pool.running === 0) this.#forget(pool);
  }

  #answer(batch: readonly Ticket[], reply: RunReply): void {
    batch.forEach((ticket, i) => {
      if (ticket.answered) {
        this.#lateResults++;
        return;
      }
      const row = reply.rows[i];
      if (row === undefined) this.#tickets.miss(ticket, "E_MODEL_OUTPUT");
      else if (!row.ok) this.#tickets.miss(ticket, row.code);
      else
        this.#tickets.predict(
          ticket,
          predictionOf(
            this.#entries.get(ticket.request.model)!.manifest,
            ticket.request,
            row.statement,
          ),
        );
    });
  }

  /** Each of the batch gets one more try, alone, so that a row that kills takes no other with it. */
  #crashed(pool: ThreadPool, batch: readonly Ticket[], error: unknown): void {
    this.#crashes++;
    this.#ports.log.error("workerCrashed", {
      lane: this.#options.name,
      rows: batch.length,
      error: messageOf(error),
    });
    for (let i = batch.length - 1; i >= 0; i--) {
      const ticket = batch[i]!;
      if (ticket.answered) continue;
      ticket.crashes++;
      const mayRetry =
        ticket.crashes < CRASHES_MAX &&
        ticket.request.deadlineNs > this.#ports.clock.nowNs() &&
        this.#state !== "closed";
      if (mayRetry) this.#tickets.requeue(ticket);
      else this.#tickets.miss(ticket, "E_MODEL_CRASH");
    }
    if (pool === this.#pool) this.#rebuildIfDead();
  }

  /** Piscina starts no thread again once one has failed while starting. */
  #rebuildIfDead(): void {
    if (this.#pool.isAlive || this.#state !== "ready") return;
    this.#become("recovering", "no thread left");
    systemTimers.after(this.#rebuildMs, () => {
      if (this.#state === "recovering") this.#rebuild();
    });
    this.#rebuildMs = Math.min(this.#rebuildMs * 2, REBUILD_MS_MAX);
  }

  #replaceHung(pool: ThreadPool, model: string): void {
    if (pool !== this.#pool || this.#state === "closed") return;
    this.#abandoned.add(pool);
    this.#ports.log.error("modelHung", {
      lane: this.#options.name,
      model,
      abandoned: this.#abandoned.size,
    });
    if (this.#abandoned.size < this.#options.abandonedMax) {
      this.#rebuild();
      return;
    }
    this.#become("failed", `${model} hangs`);
    this.#tickets.missAll("E_MODEL_TIMEOUT");
  }

  /** The hung call has ended after all: now its threads may end too. */
  #forget(pool: ThreadPool): void {
    this.#abandoned.delete(pool);
    void pool.close();
    if (this.#state === "failed") this.#rebuild();
  }

  /** New threads; what waits goes on waiting until they have loaded, so that loading is not taken for hanging. */
  #rebuild(): void {
    const pool = this.#buildPool();
    this.#pool = pool;
    this.#become("recovering", "threads are starting");
    this.#load(pool).then(
      () => {
        if (pool !== this.#pool || this.#state !== "recovering") return;
        this.#become("ready", "");
        this.#schedulePump();
      },
      (error: unknown) => {
        if (pool !== this.#pool || this.#state !== "recovering") return;
        this.#become("ready", messageOf(error));
        this.#rebuildIfDead();
      },
    );
  }

  async #load(pool: ThreadPool): Promise<void> {
    const replies = await Promise.all(
      Array.from({ length: this.#options.threads }, () => pool.status()),
    );
    this.#loaded = mergeStatus(replies.map(({ models }) => models));
  }

  async #whenIdle(boundMs: number): Promise<void> {
    if (this.#pool.running === 0 && this.#tickets.pending === 0) return;
    await new Promise<void>((resolve) => {
      // Unlike the lane's timers this one holds the process open: a drain must end.
      const bound = setTimeout(resolve, boundMs);
      this.#idle = () => {
        clearTimeout(bound);
        resolve();
      };
    });
  }

  #become(state: LaneState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
  }
}

/** What one thread could not load no thread serves; what one runs on the CPU is degraded. */
const mergeStatus = (
  threads: readonly (readonly LoadedModel[])[],
): LoadedModel[] => {
  const merged = new Map<string, LoadedModel>();
  for (const models of threads)
    for (const model of models) {
      const known = merged.get(model.name);
      const isWorse =
        known === undefined ||
        (known.refusal === undefined && model.refusal !== undefined) ||
        (!known.degraded && model.degraded);
      if (isWorse) merged.set(model.name, model);
    }
  return [...merged.values()];
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
