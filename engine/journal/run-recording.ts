/** Records a run of the actors onto a tape, so that it can be replayed to the byte: see docs/decisions/0007. */
import type { Headline } from "../domain/headline.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { FeedEvent } from "../feeds/feed-event.ts";
import { instrumentBytes, toRecord } from "../feeds/tape-record.ts";
import type { CodedError } from "../std/errors.ts";
import type { MonoNanos } from "../std/time.ts";
import { STEP } from "./journal-format.ts";
import { isDifference } from "./journal-writer.ts";
import type { MachineInputs, MachinePorts } from "./machine.ts";
import type { PartStates } from "./part-states.ts";
import { recordedPorts } from "./recorded-ports.ts";
import type { RunHead } from "./run-head.ts";
import { StepRecorder, type JournalTape } from "./step-recorder.ts";

/** An event's bytes as they came over the bus; valid during the call alone. */
export interface EventBytes {
  readonly subject: string;
  readonly data: Uint8Array;
}

export class RunRecording implements MachineInputs {
  /** The actors are to be built over these. */
  readonly ports: MachinePorts;
  readonly #steps: StepRecorder;
  readonly #world: Pick<MachinePorts, "clock">;
  readonly #states: PartStates | undefined;
  #machine: MachineInputs | undefined;

  /** `onLost`: the tape had no room. The journal ends there; the run goes on unrecorded. `states`: of a tape in parts. */
  constructor(
    ports: MachinePorts,
    tape: JournalTape,
    onLost: (error: CodedError) => void,
    states?: PartStates,
  ) {
    this.#world = ports;
    this.#states = states;
    this.#steps = new StepRecorder(tape, onLost, () => states?.tell());
    this.ports = recordedPorts(ports, this.#steps);
  }

  /** False once the tape had no room, and after the end. */
  get isRecording(): boolean {
    return this.#steps.isRecording;
  }

  /** `create` builds the actors: what they schedule at their birth belongs to the run. */
  start(head: RunHead, create: () => MachineInputs): void {
    this.#steps.head(head);
    this.#steps.enter(STEP.start, 0, () => {
      this.#machine = create();
    });
  }

  /** Without its bytes the event is encoded anew. */
  onEvent(event: MarketEvent, decodedNs: MonoNanos, bytes?: EventBytes): void {
    const steps = this.#steps;
    if (steps.isInside) {
      const kept = keptBytes(bytes);
      if (steps.defers(() => this.onEvent(event, decodedNs, kept))) return;
    }
    if (this.#record(event, bytes)) {
      const tookNs = decodedNs - event.receivedNs;
      if (isDifference(tookNs) && event.receivedNs + tookNs === decodedNs) {
        steps.writer.step(STEP.event);
        steps.writer.signed(tookNs);
      } else {
        steps.writer.step(STEP.eventAt);
        steps.writer.double(decodedNs);
      }
    }
    this.#states?.moved(event.symbol);
    steps.run(() => this.#machine!.onEvent(event, decodedNs));
  }

  onHeadline(headline: Headline, bytes?: EventBytes): void {
    const steps = this.#steps;
    if (steps.isInside) {
      const kept = keptBytes(bytes);
      if (steps.defers(() => this.onHeadline(headline, kept))) return;
    }
    if (this.#record(headline, bytes)) steps.writer.step(STEP.headline);
    steps.run(() => this.#machine!.onHeadline(headline));
  }

  onInstrument(instrument: Instrument, bytes?: EventBytes): void {
    const steps = this.#steps;
    if (steps.isInside) {
      const kept = keptBytes(bytes);
      if (steps.defers(() => this.onInstrument(instrument, kept))) return;
    }
    const { clock } = this.#world;
    const record = {
      receivedUs: clock.nowUs(),
      receivedNs: clock.nowNs(),
      ...(bytes === undefined
        ? instrumentBytes(instrument)
        : { subject: bytes.subject, payload: bytes.data }),
    };
    if (steps.record(record)) steps.writer.step(STEP.instrument);
    steps.run(() => this.#machine!.onInstrument(instrument));
  }

  orderResync(symbol: SymbolId): void {
    this.#steps.enter(
      STEP.resyncOrdered,
      0,
      () => this.#machine!.orderResync(symbol),
      (writer) => writer.text(symbol),
    );
  }

  drain(): void {
    this.#steps.enter(STEP.drained, 0, () => this.#machine!.drain());
  }

  /** Hands over what is complete: to be called often enough that a crash costs little. */
  flush(): void {
    this.#steps.flush();
  }

  /** What comes after it is no part of the run. */
  end(): void {
    this.#steps.end();
  }

  #record(event: FeedEvent, bytes: EventBytes | undefined): boolean {
    return this.#steps.record(
      bytes === undefined
        ? toRecord(event)
        : {
            receivedUs: event.receivedUs,
            receivedNs: event.receivedNs,
            subject: bytes.subject,
            payload: bytes.data,
          },
    );
  }
}

const keptBytes = (bytes: EventBytes | undefined): EventBytes | undefined =>
  bytes && { subject: bytes.subject, data: bytes.data.slice() };
