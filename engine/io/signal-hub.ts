/** The actor thread's side of the hub: a sink that costs a few microseconds a signal, whoever is listening. */
import { CodedError, toCodedError, type ErrorCode } from "../std/errors.ts";
import {
  msToNs,
  type Clock,
  type Timers,
  type TimerHandle,
} from "../std/time.ts";
import type { Signal } from "../domain/signal.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import type { Logger, SignalSink, Telemetry } from "../ports.ts";
import { encodeSignal } from "../wire/signal-codec.ts";
import { HubGauges } from "./hub-gauges.ts";
import type { FromHub, Question, ToHub } from "./hub-messages.ts";
import { HUB_DEFAULTS, type HubOptions } from "./hub-options.ts";
import { ringMemory, RingWriter } from "./hub-ring.ts";
import { HubThread } from "./hub-worker.ts";
import type { BookLadder, Readiness, StatusSnapshot } from "./hub-status.ts";

const BEAT_MS = 1000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5000;

export interface SignalHubOptions
  extends
    Pick<HubOptions, "epoch" | "version">,
    Partial<Omit<HubOptions, "epoch" | "version">> {
  /** Compiled hub-thread.js. */
  readonly workerUrl: URL;
  /** Folder of the page's files. */
  readonly pagesUrl: URL;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

/** The part of the options that is data: the hub thread gets a copy. */
const settingsOf = (options: SignalHubOptions): HubOptions => {
  const {
    workerUrl: _workerUrl,
    pagesUrl: _pagesUrl,
    clock: _clock,
    timers: _timers,
    telemetry: _telemetry,
    log: _log,
    ...settings
  } = options;
  return { ...HUB_DEFAULTS, ...settings };
};

type Answerer = () => string | Promise<string>;

export class SignalHub implements SignalSink {
  readonly #options: SignalHubOptions;
  readonly #settings: HubOptions;
  readonly #gauges: HubGauges;
  readonly #indexes = new Map<SymbolId, number>();
  /** The newest signal by symbol index: what a hub that lags or was restarted is brought up to date from. */
  readonly #latest: Signal[] = [];
  /** Symbols whose newest signal waits for the hub to catch up. */
  readonly #held = new Set<number>();
  readonly #timers: TimerHandle[];
  #thread: HubThread | undefined;
  #port: number;
  #heardNs: number;
  #wasSilent = false;
  #ring: RingWriter | undefined;
  #isCalling = false;
  #isClosing = false;
  #restartMs = RESTART_MS_MIN;
  #readiness: Readiness = { ready: false, reasons: ["starting"] };
  #watched: readonly SymbolId[] = [];
  readonly #answerers = new Map<Question, Answerer>();
  #obey: (symbol: SymbolId) => void = () => {
    throw new CodedError("E_STATE_STARTING");
  };
  #ladderOf: (symbol: SymbolId) => BookLadder | undefined = () => undefined;

  private constructor(options: SignalHubOptions) {
    this.#options = options;
    const { timers, telemetry } = options;
    this.#settings = settingsOf(options);
    this.#port = this.#settings.port;
    this.#heardNs = options.clock.nowNs();
    this.#gauges = new HubGauges(telemetry);
    this.#timers = [timers.every(BEAT_MS, () => this.#beat())];
  }

  /** Listening, or E_CONFIG_INVALID where the address cannot be had. */
  static async start(options: SignalHubOptions): Promise<SignalHub> {
    const hub = new SignalHub(options);
    try {
      await hub.#startThread();
    } catch (error) {
      await hub.close();
      throw error;
    }
    return hub;
  }

  /** The port it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Symbols whose book somebody looks at. */
  get watched(): readonly SymbolId[] {
    return this.#watched;
  }

  /** `encoded`: the signal in MessagePack where the caller has it already. */
  publish(signal: Signal, encoded?: Uint8Array): void {
    const index = this.#indexOf(signal.symbol);
    if (index === undefined) return;
    this.#latest[index] = signal;
    if (this.#held.has(index)) this.#gauges.heldBack.add(1);
    else if (!this.#write(index, signal, encoded ?? encodeSignal(signal)))
      this.#held.add(index);
  }

  /** What `/health/ready` answers; also when this thread is too busy to. */
  pushReadiness(readiness: Readiness): void {
    const { ready, reasons } = readiness;
    if (
      ready === this.#readiness.ready &&
      reasons.join() === this.#readiness.reasons.join()
    )
      return;
    this.#readiness = readiness;
    this.#post({ type: "readiness", readiness });
  }

  /** Called when somebody reads `/api/status`, at most every 400 ms. Weights are wanted of `watched` only. */
  onStatus(snapshot: (watched: readonly SymbolId[]) => StatusSnapshot): void {
    this.#answerers.set("status", () =>
      JSON.stringify(snapshot(this.#watched)),
    );
  }

  /** Called when somebody reads `/metrics`, at most every 400 ms. */
  onMetrics(text: Answerer): void {
    this.#answerers.set("metrics", text);
  }

  /** Called when somebody reads `/api/symbols`, at most every 400 ms. */
  onSymbols(list: () => object): void {
    this.#answerers.set("symbols", () => JSON.stringify(list()));
  }

  /** Called when an operator orders a book to be synced anew; may throw CodedErrors. */
  onResync(obey: (symbol: SymbolId) => void): void {
    this.#obey = obey;
  }

  /** Called for each watched symbol, five times a second. */
  onBookRequest(ladderOf: (symbol: SymbolId) => BookLadder | undefined): void {
    this.#ladderOf = ladderOf;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) timer.cancel();
    const thread = this.#thread;
    this.#thread = undefined;
    this.#ring = undefined;
    await thread?.close(this.#options.timers);
  }

  #indexOf(symbol: SymbolId): number | undefined {
    const known = this.#indexes.get(symbol);
    if (known !== undefined) return known;
    const index = this.#indexes.size;
    if (index >= this.#settings.symbolsMax) {
      this.#gauges.unknown.add(1);
      return undefined;
    }
    this.#indexes.set(symbol, index);
    this.#post({ type: "symbols", firstIndex: index, symbols: [symbol] });
    return index;
  }

  /** False when the hub lags or is not there. */
  #write(index: number, signal: Signal, encoded: Uint8Array): boolean {
    if (this.#ring?.add(index, signal, encoded) !== true) return false;
    if (!this.#isCalling) {
      this.#isCalling = true;
      // After the turns that are due now: their signals share one call.
      queueMicrotask(this.#call);
    }
    return true;
  }

  readonly #call = (): void => {
    this.#isCalling = false;
    if (this.#ring?.mustCall() === true) this.#post({ type: "signals" });
  };

  #releaseHeld(): void {
    for (const index of this.#held) {
      const signal = this.#latest[index]!;
      if (!this.#write(index, signal, encodeSignal(signal))) return;
      this.#held.delete(index);
    }
  }

  /** The hub speaks every second. One that hangs cannot be ended from here (see hub-worker.ts): it fails its liveness probe. */
  #beat(): void {
    const { clock, log } = this.#options;
    this.#post({ type: "beat" });
    const silentNs = clock.nowNs() - this.#heardNs;
    const isSilent =
      this.#thread !== undefined &&
      silentNs > msToNs(this.#settings.silentMsMax);
    if (isSilent && !this.#wasSilent) log.error("hub.silent");
    this.#wasSilent = isSilent;
  }

  #sendLadders(): void {
    const ladders = this.#watched
      .map((symbol) => this.#ladderOf(symbol))
      .filter((ladder) => ladder !== undefined);
    if (ladders.length > 0) this.#post({ type: "ladders", ladders });
  }

  #post(message: ToHub): void {
    this.#thread?.post(message);
  }

  #startThread(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ring = ringMemory(this.#settings.lagBytesMax);
      const thread = new HubThread(this.#options.workerUrl, {
        options: { ...this.#settings, port: this.#port },
        pagesUrl: this.#options.pagesUrl.href,
        ring,
      });
      thread.onMessage((message) => {
        this.#heardNs = this.#options.clock.nowNs();
        if (message.type === "listening") {
          this.#started(thread, ring, message.port);
          resolve();
        } else if (message.type === "notListening") {
          void thread.close(this.#options.timers);
          reject(new CodedError("E_CONFIG_INVALID", { field: "http.port" }));
        } else this.#receive(message);
      });
      thread.onEnd((error) => {
        reject(error);
        if (thread === this.#thread) this.#ended();
      });
    });
  }

  /** A fresh thread knows nothing: names first, then the newest signal of each symbol. */
  #started(thread: HubThread, ring: SharedArrayBuffer, port: number): void {
    this.#thread = thread;
    this.#ring = new RingWriter(ring);
    this.#port = port;
    this.#restartMs = RESTART_MS_MIN;
    const symbols = [...this.#indexes.keys()];
    this.#post({ type: "symbols", firstIndex: 0, symbols });
    this.#post({ type: "readiness", readiness: this.#readiness });
    for (const index of this.#latest.keys()) this.#held.add(index);
    this.#releaseHeld();
    this.#options.log.info("hub.listening", { port });
  }

  /** The thread died without being asked to: the sockets are gone, their peers reconnect. */
  #ended(): void {
    this.#thread = undefined;
    this.#ring = undefined;
    this.#watched = [];
    this.#gauges.restarts.add(1);
    this.#gauges.threadRestarted();
    this.#restartLater();
  }

  #restartLater(): void {
    if (this.#isClosing) return;
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(2 * delayMs, RESTART_MS_MAX);
    this.#options.log.warn("hub.restarts", { delayMs });
    this.#options.timers.after(delayMs, () => {
      if (!this.#isClosing)
        this.#startThread().catch(() => this.#restartLater());
    });
  }

  #receive(
    message: Exclude<FromHub, { type: "listening" | "notListening" }>,
  ): void {
    switch (message.type) {
      case "room":
        this.#releaseHeld();
        return;
      case "ask":
        void this.#answer(message.id, message.question);
        return;
      case "order":
        this.#post({
          type: "obeyed",
          id: message.id,
          error: this.#errorOf(message.symbol),
        });
        return;
      case "watching":
        // The hub has checked the form of each.
        this.#watched = message.symbols as readonly SymbolId[];
        this.#sendLadders();
        return;
      case "counts":
        this.#gauges.set(message.counts);
        return;
      case "failed":
        this.#options.log.error("hub.failed", { error: message.error });
        return;
    }
  }

  /** Of obeying. */
  #errorOf(symbol: string): ErrorCode | undefined {
    try {
      this.#obey(symbolId(symbol));
      return undefined;
    } catch (error) {
      return toCodedError(error).code;
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    let text: string | undefined;
    try {
      text = await this.#answerers.get(question)?.();
    } catch (error) {
      this.#options.log.error("hub.answer", { question, error: String(error) });
    }
    this.#post({ type: "answer", id, text });
  }
}
