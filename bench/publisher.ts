/** Process of the end-to-end bench: publishes the tape's book updates on time. */
import { systemClock } from "../engine/std/time.ts";
import { encodeEvent } from "../engine/wire/codec.ts";
import type { Encoding } from "../engine/wire/encoding.ts";
import {
  marketSubject,
  parseSnapshotSubject,
  SNAPSHOT_WILDCARD,
} from "../engine/wire/subjects.ts";
import { BookTape } from "./book-tape.ts";
import type { Schedule } from "./coverage.ts";
import { RawPublisher, runLoad } from "./load.ts";
import { answerCalls } from "./peer-process.ts";

export interface PublisherOptions {
  readonly port: number;
  readonly symbols: number;
  readonly encoding: Encoding;
}

export interface PublishPlan {
  readonly rate: number;
  /** Each round is one update a symbol. */
  readonly rounds: number;
  /** After so many updates of a symbol comes a trade of it, besides; 0 for none. */
  readonly roundsPerTrade: number;
}

export interface PublishRun extends Schedule {
  readonly lateMaxNs: number;
  readonly elapsedNs: number;
}

class Publisher {
  readonly #nats: RawPublisher;
  readonly #tape: BookTape;
  readonly #encoding: Encoding;
  readonly #bookSubjects: readonly string[];
  readonly #tradeSubjects: readonly string[];
  /** Symbols whose snapshot was asked for meanwhile. */
  readonly #asked = new Set<number>();

  constructor(nats: RawPublisher, options: PublisherOptions) {
    this.#nats = nats;
    this.#tape = new BookTape(options.symbols);
    this.#encoding = options.encoding;
    const symbols = this.#tape.books.map((book) => book.symbol);
    this.#bookSubjects = symbols.map((s) => marketSubject(s, "book"));
    this.#tradeSubjects = symbols.map((s) => marketSubject(s, "trade"));
    nats.subscribe(SNAPSHOT_WILDCARD, (subject) => {
      const s = symbols.indexOf(parseSnapshotSubject(subject));
      if (s >= 0) this.#asked.add(s);
    });
  }

  snapshots(): void {
    for (let s = 0; s < this.#bookSubjects.length; s++) this.#snapshot(s);
    this.#nats.flush();
  }

  async run(plan: PublishPlan): Promise<PublishRun> {
    const symbols = this.#bookSubjects.length;
    const events = plan.rounds * symbols;
    const firstSeq = this.#tape.books[0]!.seq + 1;
    const { roundsPerTrade } = plan;
    const load = await runLoad({
      rate: plan.rate,
      events,
      send: (i) => {
        const s = i % symbols;
        const book = this.#tape.at(i);
        const nowUs = systemClock.nowUs();
        this.#nats.publish(
          this.#bookSubjects[s]!,
          encodeEvent(book.delta(nowUs), this.#encoding),
        );
        // Spread over the rounds by symbol, so that trades do not come in bursts.
        if (roundsPerTrade > 0 && (book.seq + s) % roundsPerTrade === 0)
          this.#nats.publish(
            this.#tradeSubjects[s]!,
            encodeEvent(book.trade(nowUs), this.#encoding),
          );
      },
      flush: () => {
        if (this.#asked.size > 0) {
          for (const s of this.#asked) this.#snapshot(s);
          this.#asked.clear();
        }
        this.#nats.flush();
      },
    });
    return { ...load, events, symbols, firstSeq };
  }

  #snapshot(s: number): void {
    const snapshot = this.#tape.books[s]!.snapshot(systemClock.nowUs());
    this.#nats.publish(
      this.#bookSubjects[s]!,
      encodeEvent(snapshot, this.#encoding),
    );
  }
}

let publisher: Publisher | undefined;

answerCalls({
  open: async (options: PublisherOptions) => {
    publisher = new Publisher(
      await RawPublisher.connect(options.port),
      options,
    );
  },
  snapshots: () => publisher!.snapshots(),
  run: (plan: PublishPlan) => publisher!.run(plan),
});
