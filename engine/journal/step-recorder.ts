/** One step after the other onto a tape: what enters while one is going on waits for its end. */
import type { TapeRecord } from "../feeds/tape-record.ts";
import { CodedError } from "../std/errors.ts";
import { MARK, STEP, type StepCode } from "./journal-format.ts";
import { JournalWriter } from "./journal-writer.ts";
import type { RunHead } from "./run-head.ts";

/** Where a recording goes. Never waits: false where it has no room, and then it kept nothing. */
export interface JournalTape {
  record(record: TapeRecord): boolean;
  mark(body: Uint8Array): boolean;
}

/** The journal's chunk is handed to the tape when it has grown to this, and with every `flush`. */
const CHUNK_BYTES = 32 * 1024;
/** Well within a block of the tape; one step may write more, as when a store answers. */
const MARK_BYTES_MAX = 64 * 1024;
/** As many as the in-process bus can deliver inside one step. */
const DEFERRED_MAX = 65_536;

export class StepRecorder {
  readonly writer = new JournalWriter();
  /** A step is going on and is recorded: what is read belongs to it. */
  isInside = false;
  readonly #tape: JournalTape;
  readonly #onLost: (error: CodedError) => void;
  readonly #onStep: () => void;
  readonly #deferred: (() => void)[] = [];
  #isRecording = true;

  /** `onLost`: the tape had no room. The journal ended before this step; the run goes on unrecorded. `onStep`: one is over, recorded or not. */
  constructor(
    tape: JournalTape,
    onLost: (error: CodedError) => void,
    onStep: () => void = () => undefined,
  ) {
    this.#tape = tape;
    this.#onLost = onLost;
    this.#onStep = onStep;
  }

  get isRecording(): boolean {
    return this.#isRecording;
  }

  /** The first mark. */
  head(head: RunHead): void {
    const json = new TextEncoder().encode(JSON.stringify(head));
    const mark = new Uint8Array(1 + json.length);
    mark[0] = MARK.head;
    mark.set(json, 1);
    if (!this.#tape.mark(mark)) this.#lose();
  }

  /** A step that one of the numbered things took (0: it has no number), with what `describe` writes behind it. */
  enter(
    code: StepCode,
    id: number,
    run: () => void,
    describe?: (writer: JournalWriter) => void,
  ): void {
    if (this.isInside && this.defers(() => this.enter(code, id, run, describe)))
      return;
    if (this.#isRecording) {
      this.writer.step(code);
      if (id > 0) this.writer.number(id);
      describe?.(this.writer);
    }
    this.run(run);
  }

  /** Inside a step: `later` is called once it is over. False where too much waits already; then nothing more is recorded. */
  defers(later: () => void): boolean {
    if (this.#deferred.length < DEFERRED_MAX) {
      this.#deferred.push(later);
      return true;
    }
    this.#lose();
    return false;
  }

  /** The record that the step which follows is about; false where there is no journal any more, while events are still kept. */
  record(record: TapeRecord): boolean {
    if (!this.#tape.record(record)) this.#lose();
    return this.#isRecording;
  }

  /** After its beginning was written. */
  run(run: () => void): void {
    if (!this.#isRecording) {
      run();
      this.#onStep();
      return;
    }
    this.isInside = true;
    try {
      run();
    } finally {
      this.isInside = false;
      this.#onStep();
      if (this.writer.size >= CHUNK_BYTES) this.flush();
      if (this.#deferred.length > 0) this.#runDeferred();
    }
  }

  /** Hands over what is complete. */
  flush(): void {
    if (!this.#isRecording || this.isInside || this.writer.size === 0) return;
    const put = (mark: Uint8Array): boolean => this.#tape.mark(mark);
    if (!this.writer.take(MARK_BYTES_MAX, put)) this.#lose();
  }

  /** The run is over: what still comes is no part of it. */
  end(): void {
    this.enter(STEP.end, 0, () => undefined);
    this.flush();
    this.#isRecording = false;
  }

  /** Each is a step of its own, and may defer further ones. */
  #runDeferred(): void {
    const deferred = this.#deferred.splice(0);
    for (const run of deferred) run();
  }

  #lose(): void {
    if (!this.#isRecording) return;
    this.#isRecording = false;
    this.isInside = false;
    this.#onLost(new CodedError("E_TAPE_LOST"));
  }
}
