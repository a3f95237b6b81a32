/** An actor's cell as others see it, and what it needs of its system. */
import type { Clock, Timers } from "../../engine/std/time.ts";
import type { StopReason } from "./actor.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { DeadLetterReason } from "./dead-letters.ts";
import type { Directive } from "./directive.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ActorStatus, InspectionEvent } from "./inspection.ts";
import type { SupervisionOptions } from "./supervisor.ts";

/** A cell as its system, its parent and its children see it, whatever its messages are. */
export interface Cell extends ActorRef<never> {
  readonly supervision: SupervisionOptions;
  status(): ActorStatus;
  end(reason: StopReason): void;
  childEnded(child: Cell): void;
  childEscalated(error: unknown): void;
}

/** What a cell needs of its system. */
export interface CellHost {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly dispatcher: Dispatcher;
  /** How children are supervised whose parent does not say. */
  readonly supervision: SupervisionOptions;
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  admit(cell: Cell): void;
  forget(cell: Cell): void;
  deadLetter(path: string, reason: DeadLetterReason, message: unknown): void;
  fatal(path: string, error: unknown, directive: Directive | undefined): void;
}
