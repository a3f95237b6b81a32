/** What an actor is: state, and a synchronous receive. */
import type { Clock, TimerHandle } from "../../engine/std/time.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { MailboxOptions } from "./mailbox.ts";

/** A value or object that reacts to messages one at a time. A throw goes to its supervisor, never to the sender. */
export interface Actor<M> {
  /** Must not await, block or keep `message` buffers that say they are borrowed. */
  receive(message: M): void;
  /** After the last message of a turn: the place for work that is done once over the final state. */
  turnEnded?(): void;
  /** Before the first message of this incarnation. A throw counts as a crash. */
  started?(): void;
  /** The incarnation is over: release what it holds. A throw is logged and ignored. */
  stopped?(reason: StopReason): void;
}

export type StopReason =
  "restart" | "stop" | "passivate" | "quarantine" | "drain";

export interface ActorContext<M> {
  readonly self: ActorRef<M>;
  readonly clock: Clock;
  /** 1 for the first incarnation, one more after each restart. */
  readonly incarnation: number;
  /** Children are supervised by this actor and end with it. */
  spawn<C>(name: string, props: ActorProps<C>): ActorRef<C>;
  /** Tells self after the delay; cancelled when this incarnation ends. */
  tellAfter(delayMs: number, message: M): TimerHandle;
  stop(): void;
}

export interface ActorProps<M> {
  /** Called for each incarnation, so a restart begins with fresh state. */
  create(context: ActorContext<M>): Actor<M>;
  readonly mailbox: MailboxOptions<M>;
  /** How this actor supervises its children. */
  readonly supervision?: import("./supervisor.ts").SupervisionOptions;
  /** Passivated (stopped, forgotten, spawned again on demand) after this much idle time. */
  readonly idleMs?: number;
}
