/** What the engine tells about itself: readiness for probes, a snapshot for the page. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { STAGES } from "./domain/stamps.ts";
import type { SymbolId } from "./domain/symbol.ts";
import type {
  BookLadder,
  LinkStatus,
  Readiness,
  StageStatus,
  StatusSnapshot,
} from "./io/hub-status.ts";
import { LADDER_LEVELS_MAX } from "./io/hub-status.ts";
import type { Metrics, Summary } from "./io/metrics.ts";
import type { Clock } from "./ports.ts";
import { nsToMs, type MonoNanos } from "./std/time.ts";

export interface EngineStatusDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly epoch: string;
  readonly simulated: boolean;
  readonly actors: EngineActors;
  readonly inference: EngineInference;
  readonly metrics: Metrics;
  readonly links: () => readonly LinkStatus[];
}

/** Actors shown on the page: those that need a look first. */
const ACTORS_MAX = 200;

/** Rates over the time between two looks. */
class Rate {
  #lastCount = 0;
  #lastNs: number;
  #perS = 0;

  constructor(nowNs: MonoNanos) {
    this.#lastNs = nowNs;
  }

  over(count: number, nowNs: MonoNanos): number {
    const seconds = (nowNs - this.#lastNs) / 1e9;
    // Two pages that look at once share a figure.
    if (seconds >= 0.2) {
      this.#perS = (count - this.#lastCount) / seconds;
      this.#lastCount = count;
      this.#lastNs = nowNs;
    }
    return this.#perS;
  }
}

export class EngineStatus {
  readonly #deps: EngineStatusDeps;
  readonly #startedNs: MonoNanos;
  readonly #events: Rate;
  readonly #signals: Rate;
  #phase: "starting" | "running" | "draining" = "starting";

  constructor(deps: EngineStatusDeps) {
    this.#deps = deps;
    this.#startedNs = deps.clock.nowNs();
    this.#events = new Rate(this.#startedNs);
    this.#signals = new Rate(this.#startedNs);
  }

  enter(phase: "running" | "draining"): void {
    this.#phase = phase;
  }

  /** Ready while started, not draining, connected, and a direction model is served. One stale symbol does not unready an engine, all of them do. */
  readiness(): Readiness {
    const reasons: string[] = [];
    if (this.#phase !== "running") reasons.push(this.#phase);
    for (const { name, state } of this.#deps.links())
      if (name === "nats" && state !== "connected")
        reasons.push(`nats ${state}`);
    if (!this.#deps.inference.models.some(({ family }) => family === "trees"))
      reasons.push("no direction model");
    if (this.#deps.actors.census.isFeedSilent) reasons.push("feed silent");
    return { ready: reasons.length === 0, reasons };
  }

  snapshot(watched: readonly SymbolId[]): StatusSnapshot {
    const { actors, inference, clock, metrics } = this.#deps;
    const nowNs = clock.nowNs();
    return {
      engine: {
        ...this.readiness(),
        version: this.#deps.version,
        epoch: this.#deps.epoch,
        uptimeMs: nsToMs(nowNs - this.#startedNs),
        simulated: this.#deps.simulated,
        eventsPerS: this.#events.over(
          metrics.total("fusewire_events_total"),
          nowNs,
        ),
        signalsPerS: this.#signals.over(
          metrics.total("fusewire_signals_total"),
          nowNs,
        ),
      },
      links: this.#deps.links(),
      symbols: actors.board.all().map(({ symbol, book, live }) => ({
        symbol,
        bookState: book.state,
        reason: book.reason,
        live,
      })),
      stages: this.#stages(),
      actors: actors.system
        .states()
        .map(({ path, state, mailboxSize, restarts, processed }) => ({
          path,
          state,
          mailbox: mailboxSize,
          restarts,
          processed,
        }))
        .sort(
          (a, b) =>
            Number(a.state === "running") - Number(b.state === "running") ||
            b.restarts - a.restarts,
        )
        .slice(0, ACTORS_MAX),
      models: this.#models(inference),
      weights: Object.fromEntries(
        watched.map((symbol) => [
          symbol,
          actors.inspector.weights(symbol) ?? [],
        ]),
      ),
    };
  }

  ladder(symbol: SymbolId): BookLadder | undefined {
    const { inspector, board } = this.#deps.actors;
    const depth = inspector.depth(symbol, LADDER_LEVELS_MAX);
    const book = board.latest(symbol)?.book;
    if (depth === undefined || book === undefined) return undefined;
    return { symbol, state: book.state, reason: book.reason, ...depth };
  }

  #models(inference: EngineInference): StatusSnapshot["models"] {
    const served = new Map(
      inference.models.map((model) => [model.name, model]),
    );
    return inference.status().models.map((model) => ({
      name: model.name,
      version: model.version,
      family: served.get(model.name)?.family ?? model.family,
      placement: model.placement,
      horizonMs: served.get(model.name)?.horizonMs ?? 0,
      ttlMs: served.get(model.name)?.ttlMs ?? 0,
      state: model.state,
    }));
  }

  #stages(): Readonly<Record<string, StageStatus>> {
    const { metrics } = this.#deps;
    const stages: Record<string, StageStatus> = {};
    const summaries = metrics.summaries("fusewire_stage_seconds");
    for (const stage of STAGES) {
      const summary = summaries.find(({ labels }) => labels["stage"] === stage);
      if (summary !== undefined && summary.count > 0)
        stages[stage] = inMicros(summary);
    }
    const [total] = metrics.summaries("fusewire_signal_seconds");
    if (total !== undefined && total.count > 0)
      stages["total"] = inMicros(total);
    return stages;
  }
}

const inMicros = ({ count, p50Ns, p99Ns, maxNs }: Summary): StageStatus => ({
  count,
  p50Us: p50Ns / 1000,
  p99Us: p99Ns / 1000,
  maxUs: maxNs / 1000,
});
