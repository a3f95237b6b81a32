/** The actors as a machine: the ports through which they see the world, and the doors through which it comes in. */
import type { Headline } from "../domain/headline.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { Clock, Inference, StateStore, Timers } from "../ports.ts";
import type { Executor } from "../std/executor.ts";
import type { MonoNanos } from "../std/time.ts";

/** All that they read of the world. */
export interface MachinePorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly executor: Executor;
  readonly inference: Inference;
  readonly store: StateStore;
}

/** What is told to them from outside, besides what they asked the ports for. */
export interface MachineInputs {
  onEvent(event: MarketEvent, decodedNs: MonoNanos): void;
  onHeadline(headline: Headline): void;
  /** A venue's tick and lot size. */
  onInstrument(instrument: Instrument): void;
  /** An operator's. Throws a coded error where it cannot be done. */
  orderResync(symbol: SymbolId): void;
  /** Handles what is queued and ends. */
  drain(): void;
}
