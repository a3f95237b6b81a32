/** Process of the end-to-end bench: a NATS subscriber and a WebSocket client that write down which signal came when. */
import { connect } from "@nats-io/transport-node";
import { STAGES } from "../engine/domain/stamps.ts";
import { systemClock } from "../engine/std/time.ts";
import { SIGNAL_WILDCARD } from "../engine/wire/subjects.ts";
import { WsClient } from "../test/support/ws-client.ts";
import {
  coverageOf,
  Deliveries,
  inboundOf,
  type Schedule,
} from "./coverage.ts";
import { answerCalls, sleep } from "./peer-process.ts";
import { Latencies, type MedianAndTail, type Percentiles } from "./report.ts";
import { SignalPeek } from "./signal-peek.ts";

export interface ReceiverOptions {
  readonly natsPort: number;
  /** Left out for the floor, which has no WebSocket. */
  readonly wsPort?: number;
}

export interface ChannelResult {
  readonly latency: Percentiles;
  readonly lost: number;
  readonly signals: number;
}

export interface Heard {
  readonly symbols: number;
  readonly payloadBytes: number;
}

/** Over all slices. */
export interface Received {
  readonly nats: ChannelResult;
  readonly ws: ChannelResult | undefined;
  /** From receipt to the stamp "published". */
  readonly engine: MedianAndTail;
  /** Time up to each stamp from the one before; "received" from the intended send, "delivered" to the NATS subscriber. */
  readonly stages: Readonly<Record<string, MedianAndTail>>;
}

const RECEIVED = STAGES.indexOf("received");
const PUBLISHED = STAGES.indexOf("published");
const QUIET_MS = 250;
const SETTLE_MS_MAX = 5_000;

/** Signals that arrive on one road. */
class Channel {
  readonly peek = new SignalPeek();
  readonly inbound = new Latencies();
  readonly #latencies = new Latencies();
  #deliveries = new Deliveries();
  #lost = 0;
  #signals = 0;

  get delivered(): number {
    return this.#deliveries.size;
  }

  /** False when there is no signal in it. */
  deliver(data: Uint8Array, atNs: number): boolean {
    const { peek } = this;
    if (!peek.read(data)) return false;
    // The symbols are S0.BENCH, S1.BENCH, …
    const symbol = Number.parseInt(peek.symbol.slice(1), 10);
    // A trade's signal repeats the book's sequence: its receipt says nothing about the book event's.
    const receivedNs = peek.trigger === "book" ? peek.stampsNs[RECEIVED]! : 0;
    this.#deliveries.add(symbol, peek.bookSeq, atNs, receivedNs);
    return true;
  }

  begin(): void {
    this.#deliveries = new Deliveries();
  }

  finish(schedule: Schedule): void {
    const { latencies, lost, signals } = coverageOf(schedule, this.#deliveries);
    this.#latencies.add(latencies);
    this.#lost += lost;
    this.#signals += signals;
    this.inbound.add(inboundOf(schedule, this.#deliveries));
  }

  result(): ChannelResult {
    return {
      latency: this.#latencies.percentiles(),
      lost: this.#lost,
      signals: this.#signals,
    };
  }
}

/** Stamps are kept apart from the deliveries: they are read off the NATS copy alone. */
class StageLog {
  readonly #stages = STAGES.map(() => new Latencies());
  readonly #delivered = new Latencies();
  readonly #engine = new Latencies();

  add(stampsNs: Float64Array, atNs: number): void {
    let previousNs = stampsNs[RECEIVED]!;
    if (previousNs === 0) return;
    for (let k = RECEIVED + 1; k < STAGES.length; k++) {
      const stampNs = stampsNs[k]!;
      if (stampNs === 0) continue;
      this.#stages[k]!.recordNs(stampNs - previousNs);
      previousNs = stampNs;
    }
    this.#delivered.recordNs(atNs - previousNs);
    this.#engine.recordNs(stampsNs[PUBLISHED]! - stampsNs[RECEIVED]!);
  }

  engine(): MedianAndTail {
    return this.#engine.medianAndTail();
  }

  report(): Record<string, MedianAndTail> {
    const report: Record<string, MedianAndTail> = {};
    for (const [k, latencies] of this.#stages.entries())
      if (latencies.count > 0) report[STAGES[k]!] = latencies.medianAndTail();
    report["delivered"] = this.#delivered.medianAndTail();
    return report;
  }
}

class Receiver {
  readonly #nats = new Channel();
  #ws: Channel | undefined;
  readonly #stages = new StageLog();
  /** Signals whose book is before it belong to a warm-up; infinite while nothing is measured. */
  #firstSeq = Number.POSITIVE_INFINITY;
  readonly #symbols = new Set<string>();
  #payloadBytes = 0;

  async open(options: ReceiverOptions): Promise<void> {
    const nats = await connect({ servers: `127.0.0.1:${options.natsPort}` });
    const channel = this.#nats;
    nats.subscribe(SIGNAL_WILDCARD, {
      callback: (_error, message) => {
        const atNs = systemClock.nowNs();
        if (!channel.deliver(message.data, atNs)) return;
        this.#payloadBytes = message.data.byteLength;
        if (channel.peek.bookSeq >= this.#firstSeq)
          this.#stages.add(channel.peek.stampsNs, atNs);
        else this.#symbols.add(channel.peek.symbol);
      },
    });
    await nats.flush();
    if (options.wsPort !== undefined) await this.#openWs(options.wsPort);
  }

  async #openWs(port: number): Promise<void> {
    const channel = new Channel();
    this.#ws = channel;
    const ws = await WsClient.connect({ port, protocol: "fusewire.msgpack" });
    ws.onMessage = (message) => {
      const atNs = systemClock.nowNs();
      if (typeof message !== "string") channel.deliver(message, atNs);
    };
    ws.send({ op: "subscribe", symbols: ["*"], id: 1 });
  }

  /** How many symbols were heard of, and how large the last signal was. */
  heard(): Heard {
    return { symbols: this.#symbols.size, payloadBytes: this.#payloadBytes };
  }

  /** A slice of the measurement begins. */
  begin(firstSeq: number): void {
    this.#nats.begin();
    this.#ws?.begin();
    this.#firstSeq = firstSeq;
  }

  /** Once nothing more arrives. */
  async finish(schedule: Schedule): Promise<void> {
    let before = -1;
    for (let ms = 0; ms < SETTLE_MS_MAX; ms += QUIET_MS) {
      const delivered = this.#nats.delivered + (this.#ws?.delivered ?? 0);
      if (delivered === before) break;
      before = delivered;
      await sleep(QUIET_MS);
    }
    this.#firstSeq = Number.POSITIVE_INFINITY;
    this.#nats.finish(schedule);
    this.#ws?.finish(schedule);
  }

  result(): Received {
    return {
      nats: this.#nats.result(),
      ws: this.#ws?.result(),
      engine: this.#stages.engine(),
      stages: {
        received: this.#nats.inbound.medianAndTail(),
        ...this.#stages.report(),
      },
    };
  }
}

const receiver = new Receiver();

answerCalls({
  open: (options: ReceiverOptions) => receiver.open(options),
  heard: () => receiver.heard(),
  begin: ({ firstSeq }: { firstSeq: number }) => receiver.begin(firstSeq),
  finish: (schedule: Schedule) => receiver.finish(schedule),
  result: () => receiver.result(),
});
