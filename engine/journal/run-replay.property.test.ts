/** Whatever happens to the actors, in whatever order: recorded and replayed they say the same bytes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../../actors/engine-actors.ts";
import { machineOf } from "../actor-machine.ts";
import { ActorStage, BTC, ETH } from "../../test/support/actor-stage.ts";
import {
  FakeInference,
  FINBERT,
  FORECAST,
  LLAMA,
  TREES,
} from "../../test/support/fake-inference.ts";
import { MemoryTape } from "../../test/support/journal-tape.ts";
import type { InspectionEvent } from "../../actors/runtime/inspection.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import type { Signal } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { FeedEvent } from "../feeds/feed-event.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Clock,
  type SignalSink,
  type StateStore,
} from "../ports.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import { CodedError } from "../std/errors.ts";
import { ManualExecutor } from "../std/executor.ts";
import { Random } from "../std/random.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { RunRecording } from "./run-recording.ts";
import { RunReplay } from "./run-replay.ts";
import type { MachineInputs, MachinePorts } from "./machine.ts";
import type { RunHead } from "./run-head.ts";

/** Reads the sentiment that FinBERT gave. */
const NEWS = { ...TREES, name: "news-1m", featureSchemaHash: NEWS_SET.hash };
const MODELS = [TREES, NEWS, FORECAST, FINBERT, LLAMA];
/** Small limits, so that a short run meets all of them. */
const OPTIONS = {
  ...ENGINE_ACTORS_DEFAULTS,
  references: [BTC],
  symbol: {
    ...ENGINE_ACTORS_DEFAULTS.symbol,
    mailboxMax: 4,
    idleMs: 60,
    minIntervalMs: 3,
    saveEveryMs: 50,
  },
};
const HEAD: RunHead = {
  v: 1,
  version: "test",
  node: process.version,
  epoch: "e1",
  options: OPTIONS,
  models: MODELS,
  inline: [TREES.name, NEWS.name],
  sha256: {},
};

const build = (
  { clock, timers, executor, inference, store }: MachinePorts,
  sink: SignalSink,
  requestSnapshot: (symbol: SymbolId) => void,
  onInspect: (event: InspectionEvent) => void = () => undefined,
): MachineInputs => {
  const actors = createEngineActors({
    clock,
    timers,
    executor,
    inference,
    store,
    sinks: [sink],
    predictions: { record: () => undefined },
    telemetry: NO_TELEMETRY,
    log: NO_LOG,
    requestSnapshot,
    onInspect,
    epoch: HEAD.epoch,
    options: OPTIONS,
  });
  return machineOf(actors);
};

/** Answers loads when the run says so. */
class SlowStore implements StateStore {
  readonly loading: ((bytes: Uint8Array | Error | undefined) => void)[] = [];
  readonly saved: Uint8Array[] = [];

  load(): PromiseLike<Uint8Array | undefined> {
    return {
      then: (onValue, onError) => {
        this.loading.push((answer) => {
          if (answer instanceof Error) void onError?.(answer);
          else void onValue?.(answer);
        });
        return undefined as never;
      },
    };
  }

  save(_key: string, bytes: Uint8Array): void {
    this.saved.push(bytes);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}

/** A live engine in small: its clock moves with every reading, its feed answers snapshot requests on the spot. */
class LiveRun {
  readonly tape = new MemoryTape();
  readonly lines: string[] = [];
  /** What became of actors. */
  readonly inspected = new Set<string>();
  isLost = false;
  readonly recording: RunRecording;
  readonly #maker = new ActorStage();
  readonly #random: Random;
  readonly #executor = new ManualExecutor();
  readonly #inference = new FakeInference(MODELS);
  readonly #store = new SlowStore();
  readonly #poisonOdds: number;
  #driftNs = 0;
  #lossErrors: CodedError[] = [];

  constructor(seed: number, itemsMax: number) {
    this.#random = new Random(seed);
    this.#poisonOdds = this.#random.pick([6, 60]);
    this.tape.itemsMax = itemsMax;
    this.#inference.judge = () => this.#judge();
    const { clock } = this.#maker;
    this.recording = new RunRecording(
      {
        clock: this.#clock,
        timers: clock,
        executor: this.#executor,
        inference: this.#inference,
        store: this.#store,
      },
      this.tape,
      (error) => this.#lossErrors.push(error),
    );
    this.recording.start(HEAD, () =>
      build(
        this.recording.ports,
        { publish: (signal: Signal) => this.#said(signal) },
        (symbol) => this.#answer(symbol),
        ({ type }) => this.inspected.add(type),
      ),
    );
  }

  take(actions: number): void {
    this.#warm();
    for (let i = 0; i < actions; i++) this.#act();
    this.recording.drain();
    this.recording.end();
    this.isLost = this.#lossErrors.length > 0;
    expect(this.#lossErrors.map(({ code }) => code)).toEqual(
      this.isLost ? ["E_TAPE_LOST"] : [],
    );
  }

  readonly #clock: Clock = {
    nowNs: () => {
      this.#driftNs += this.#random.int(2_000) + this.#random.pick([0, 0.5]);
      return monoNanos(this.#maker.clock.nowNs() + this.#driftNs);
    },
    nowUs: () =>
      unixMicros(this.#maker.clock.nowUs() + Math.floor(this.#driftNs / 1_000)),
  };

  /** Until the features are warm and the models are asked. */
  #warm(): void {
    for (const symbol of [BTC, ETH])
      this.#tell(this.#maker.snapshot(symbol, 100));
    for (let i = 0; i < 12; i++) {
      this.#executor.runUntilIdle();
      this.#advance(500);
      for (const symbol of [BTC, ETH]) this.#tell(this.#maker.delta(symbol));
    }
  }

  #act(): void {
    const random = this.#random;
    const symbol = random.pick([BTC, BTC, BTC, BTC, ETH]);
    const choice = random.int(100);
    if (choice < 40) this.#tell(this.#maker.delta(symbol));
    else if (choice < 60) this.#executor.runUntilIdle();
    else if (choice < 65)
      this.#advance(random.pick([0.25, 1, 7, 30, 30, 2_500]));
    else if (choice < 70) this.#tell(this.#maker.snapshot(symbol, 100));
    else if (choice < 73) this.#tell(this.#maker.trade(symbol, 100));
    else if (choice < 75) this.#tell(this.#aside(symbol));
    else if (choice < 77) this.#maker.lose(symbol);
    else if (choice < 78) this.#tell(this.#maker.gap(symbol));
    else if (choice < 79) this.#orderResync(symbol);
    else if (choice < 81) this.#tellInstrument(symbol);
    else if (choice < 90) this.#answerModel();
    else if (choice < 94) this.#answerStore();
    else if (choice < 97)
      this.#tell(this.#maker.headline(`h${random.int(50)}`, "news", symbol));
    else this.recording.flush();
  }

  #advance(ms: number): void {
    this.#maker.clock.advanceMs(ms);
  }

  #tell(event: FeedEvent): void {
    const stamped = {
      ...event,
      receivedUs: this.#clock.nowUs(),
      receivedNs: this.#clock.nowNs(),
    };
    if (isHeadline(stamped)) this.recording.onHeadline(stamped);
    else this.recording.onEvent(stamped, this.#clock.nowNs());
  }

  #tellInstrument(symbol: SymbolId): void {
    const tickSize = this.#random.pick([0.01, 0.1, 0.3, 0.5]);
    this.recording.onInstrument({ symbol, tickSize, lotSize: 0.001 });
  }

  /** What makes no book. */
  #aside(symbol: SymbolId): MarketEvent {
    const { eventUs, receivedUs, receivedNs } = this.#maker.gap(symbol);
    const head = { symbol, eventUs, receivedUs, receivedNs };
    const seq = this.#random.int(1_000);
    return this.#random.pick<MarketEvent>([
      { type: "openInterest", ...head, openInterest: seq },
      {
        type: "funding",
        ...head,
        rate: seq / 1e6,
        markPrice: 100,
        nextUs: eventUs,
      },
      {
        type: "quote",
        ...head,
        seq,
        bidPrice: 99.5,
        bidSize: 1,
        askPrice: 100.5,
        askSize: 2,
      },
    ]);
  }

  /** Inside a turn, as the in-process bus does. */
  #answer(symbol: SymbolId): void {
    if (this.#random.int(2) === 0)
      this.#tell(this.#maker.snapshot(symbol, 100));
  }

  /** Refused where the symbol is not known or in quarantine. */
  #orderResync(symbol: SymbolId): void {
    try {
      this.recording.orderResync(symbol);
    } catch (error) {
      expect(error).toBeInstanceOf(CodedError);
    }
  }

  #answerModel(): void {
    const { asked } = this.#inference;
    if (asked.length === 0) return;
    const { model } = this.#random.pick(asked).request;
    if (this.#random.int(4) === 0)
      this.#inference.miss(model, "E_MODEL_TIMEOUT");
    else this.#inference.answer(model, this.#random.next(), "positive");
  }

  #answerStore(): void {
    const answer = this.#store.loading.shift();
    answer?.(
      this.#random.pick([
        undefined,
        this.#store.saved.at(-1),
        new CodedError("E_DEP_STORE"),
      ]),
    );
  }

  #judge(): number {
    const luck = this.#random.int(this.#poisonOdds);
    if (luck === 0) throw new TypeError("poison");
    if (luck === 1) throw new CodedError("E_MODEL_OUTPUT");
    return this.#random.next();
  }

  #said(signal: Signal): void {
    if (this.recording.isRecording) this.lines.push(JSON.stringify(signal));
  }
}

const replay = (tape: MemoryTape): { lines: string[]; run: RunReplay } => {
  const lines: string[] = [];
  const run = new RunReplay({
    create: (_head, ports) =>
      build(
        ports,
        { publish: (signal) => lines.push(JSON.stringify(signal)) },
        () => undefined,
      ),
  });
  tape.playTo(run);
  return { lines, run };
};

describe("a recorded run", () => {
  it("replays to the same bytes, twice", () => {
    let signals = 0;
    const inspected = new Set<string>();
    const reasons = new Set<string>();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const live = new LiveRun(seed, Number.POSITIVE_INFINITY);
        live.take(600);
        signals += live.lines.length;
        for (const type of live.inspected) inspected.add(type);
        for (const line of live.lines)
          reasons.add((JSON.parse(line) as Signal).book.reason);
        for (let i = 0; i < 2; i++) {
          const { lines, run } = replay(live.tape);
          expect(lines).toEqual(live.lines);
          expect(run.isWhole).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
    expect(signals).toBeGreaterThan(1_000);
    for (const fate of ["crashed", "restarted", "passivated"])
      expect(inspected).toContain(fate);
    for (const reason of ["none", "gap", "overflow", "silent", "operator"])
      expect(reasons).toContain(reason);
  });

  it("replays up to where the tape had no more room", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 300 }), (seed, room) => {
        const live = new LiveRun(seed, room);
        live.take(600);
        const { lines, run } = replay(live.tape);
        expect(lines).toEqual(live.lines.slice(0, lines.length));
        expect(run.isWhole).toBe(!live.isLost);
      }),
      { numRuns: 25 },
    );
  });

  it("says where it goes another way when the tape is not what was recorded", () => {
    const live = new LiveRun(7, Number.POSITIVE_INFINITY);
    live.take(600);
    const lost = live.tape.items.findIndex(
      (item, i) => i > 50 && item.type === "record",
    );
    live.tape.items.splice(lost, 1);
    expect(() => replay(live.tape)).toThrow("E_TAPE_DIVERGED");
  });
});
