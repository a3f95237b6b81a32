/** Replays a recorded run: its actors over ports that read the journal, step by step, without clock, thread, timer or model. */
import type { Instrument } from "../domain/instrument.ts";
import type { Prediction, PredictionMiss } from "../domain/prediction.ts";
import { symbolId } from "../domain/symbol.ts";
import { isHeadline, type FeedEvent } from "../feeds/feed-event.ts";
import {
  isInstrument,
  toEvent,
  toInstrument,
  type TapeRecord,
} from "../feeds/tape-record.ts";
import { CodedError } from "../std/errors.ts";
import { RingBuffer } from "../std/ring-buffer.ts";
import { monoNanos, type MonoNanos } from "../std/time.ts";
import { MARK, STEP } from "./journal-format.ts";
import { JournalReader } from "./journal-reader.ts";
import type { MachineInputs, MachinePorts } from "./machine.ts";
import { ReplayedPorts, type ModelWatch } from "./replayed-ports.ts";
import { parseRunHead, type RunHead } from "./run-head.ts";

export interface RunReplayOptions {
  /** Builds the actors as the run did. */
  readonly create: (head: RunHead, ports: MachinePorts) => MachineInputs;
  readonly watch?: ModelWatch;
}

/** One record, decoded. */
interface Recorded {
  readonly event?: FeedEvent;
  readonly instrument?: Instrument;
}

/** Records that wait for the journal's next chunk. The recorder writes one long before; more means that it had no room for the journal. */
const RECORDS_MAX = 65_536;

export class RunReplay {
  readonly #options: RunReplayOptions;
  readonly #reader = new JournalReader();
  readonly #records = new RingBuffer<Recorded>(RECORDS_MAX);
  #head: RunHead | undefined;
  #ports: ReplayedPorts | undefined;
  #machine: MachineInputs | undefined;
  /** Of a chunk that goes over several marks. */
  readonly #parts: Uint8Array[] = [];
  #events = 0;
  #isOver = false;
  #isWhole = false;

  constructor(options: RunReplayOptions) {
    this.#options = options;
  }

  /** Undefined until the run's head was read. */
  get head(): RunHead | undefined {
    return this.#head;
  }

  get events(): number {
    return this.#events;
  }

  get steps(): number {
    return this.#reader.steps;
  }

  /** The recording goes to the run's end; otherwise a crash or a full buffer cut it short. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Keeps it until the journal comes to it. */
  record(record: TapeRecord): void {
    // What lies before the first run or after the last step is no part of one.
    if (this.#head === undefined || this.#isOver) return;
    const told: Recorded = isInstrument(record)
      ? { instrument: toInstrument(record) }
      : { event: toEvent(record) };
    if (!this.#records.push(told)) this.#isOver = true;
  }

  /** Takes all steps of the chunk. Throws E_TAPE_DIVERGED at the first that goes another way than it was recorded. */
  mark(body: Uint8Array): void {
    if (this.#isOver) return;
    const rest = body.subarray(1);
    if (body[0] === MARK.head) this.#begin(rest);
    else if (body[0] === MARK.part) this.#parts.push(rest.slice());
    else if (body[0] === MARK.journal && this.#ports !== undefined)
      this.#play(this.#joined(rest), this.#ports);
    else
      throw new CodedError("E_TAPE_FORMAT", {
        detail: "a mark that belongs to no run",
      });
  }

  /** The journal ends where the recorder lost something: what follows is a tape without a journal. */
  hole(): void {
    this.#isOver = true;
  }

  #joined(last: Uint8Array): Uint8Array {
    if (this.#parts.length === 0) return last;
    return Buffer.concat([...this.#parts.splice(0), last]);
  }

  #begin(json: Uint8Array): void {
    if (this.#head !== undefined)
      throw new CodedError("E_TAPE_FORMAT", { detail: "a second run" });
    this.#head = parseRunHead(new TextDecoder().decode(json));
    const { watch } = this.#options;
    this.#ports = new ReplayedPorts(this.#head, this.#reader, watch);
  }

  #play(chunk: Uint8Array, ports: ReplayedPorts): void {
    const reader = this.#reader;
    reader.load(chunk);
    while (!reader.isAtEnd && !this.#isOver) {
      this.#take(reader.step(), ports);
      if (reader.divergence !== undefined) throw reader.divergence;
    }
  }

  #take(step: number, ports: ReplayedPorts): void {
    const reader = this.#reader;
    switch (step) {
      case STEP.start:
        this.#machine = this.#options.create(this.#head!, ports);
        break;
      case STEP.event: {
        const tookNs = reader.signed();
        this.#event((event) => monoNanos(event.receivedNs + tookNs));
        break;
      }
      case STEP.eventAt: {
        const decodedNs = monoNanos(reader.double());
        this.#event(() => decodedNs);
        break;
      }
      case STEP.headline:
        this.#headline();
        break;
      case STEP.instrument:
        this.#instrument();
        break;
      case STEP.run:
        ports.run();
        break;
      case STEP.timer:
        ports.timer(reader.number());
        break;
      case STEP.predicted:
        ports.predicted(reader.number(), reader.json() as Prediction);
        break;
      case STEP.missed:
        ports.missed(reader.number(), reader.json() as PredictionMiss);
        break;
      case STEP.loaded:
        ports.loaded(reader.number(), reader.bytes());
        break;
      case STEP.absent:
        ports.loaded(reader.number(), undefined);
        break;
      case STEP.loadFailed:
        ports.loadFailed(reader.number(), reader.text());
        break;
      case STEP.resyncOrdered:
        this.#orderResync(reader.text());
        break;
      case STEP.drained:
        this.#running.drain();
        break;
      case STEP.end:
        this.#isOver = this.#isWhole = true;
        break;
      default:
        throw reader.diverged("a step of this kind is not known here");
    }
  }

  #event(decodedNs: (event: FeedEvent) => MonoNanos): void {
    const { event } = this.#nextRecord();
    if (event === undefined || isHeadline(event))
      throw this.#reader.diverged("the record is no market event");
    this.#events++;
    this.#running.onEvent(event, decodedNs(event));
  }

  #headline(): void {
    const { event } = this.#nextRecord();
    if (event === undefined || !isHeadline(event))
      throw this.#reader.diverged("the record is no headline");
    this.#events++;
    this.#running.onHeadline(event);
  }

  #instrument(): void {
    const { instrument } = this.#nextRecord();
    if (instrument === undefined)
      throw this.#reader.diverged("the record is no instrument");
    this.#unlessRefused(() => this.#running.onInstrument(instrument));
  }

  #orderResync(text: string): void {
    this.#unlessRefused(() => this.#running.orderResync(symbolId(text)));
  }

  /** What was refused was told to whoever asked then, and changed nothing. */
  #unlessRefused(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
    }
  }

  #nextRecord(): Recorded {
    const recorded = this.#records.shift();
    if (recorded === undefined)
      throw this.#reader.diverged("the event is not on the tape");
    return recorded;
  }

  get #running(): MachineInputs {
    if (this.#machine === undefined)
      throw this.#reader.diverged("the run has not started");
    return this.#machine;
  }
}
