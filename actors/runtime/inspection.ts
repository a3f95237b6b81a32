/** What can be watched of the actors: facts, in the order in which they happen. */
import type { StopReason } from "./actor.ts";
import type { DeadLetter } from "./dead-letters.ts";
import type { Directive } from "./directive.ts";

export type ActorState = "running" | "backoff" | "quarantined" | "stopped";

/** Where the throw came from. */
export type CrashPhase =
  "create" | "started" | "receive" | "turnEnded" | "stopped" | "child";

export type InspectionEvent =
  | { readonly type: "spawned"; readonly path: string }
  | {
      readonly type: "crashed";
      readonly path: string;
      readonly phase: CrashPhase;
      readonly error: unknown;
    }
  | {
      readonly type: "backedOff";
      readonly path: string;
      readonly delayMs: number;
    }
  | {
      readonly type: "restarted";
      readonly path: string;
      readonly incarnation: number;
    }
  | {
      readonly type: "quarantined";
      readonly path: string;
      readonly probeAfterMs: number;
    }
  | { readonly type: "passivated"; readonly path: string }
  | {
      readonly type: "stopped";
      readonly path: string;
      readonly reason: StopReason;
    }
  | { readonly type: "deadLetter"; readonly letter: DeadLetter }
  | {
      /** A supervisor failed, or an error escalated past the root. */
      readonly type: "fatal";
      readonly path: string;
      readonly error: unknown;
      readonly directive: Directive | undefined;
    };

/** One actor, for the page and the metrics. Counters run over all incarnations. */
export interface ActorStatus {
  readonly path: string;
  readonly state: ActorState;
  readonly mailboxSize: number;
  /** = processed + dropped + mailboxSize. */
  readonly enqueued: number;
  readonly processed: number;
  readonly dropped: number;
  readonly conflated: number;
  readonly rejected: number;
  readonly restarts: number;
  /** Text of the last crash. */
  readonly lastError: string | undefined;
}
