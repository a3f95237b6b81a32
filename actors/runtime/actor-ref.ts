/** The address of an actor: all that others may hold of it. */

/**
 * "queued": it will be received. "conflated": it took the place of a queued message with the same key.
 * "droppedOldest": it will be received, an older one will not. "rejected": the mailbox is full.
 * "dead": nobody will receive it (stopped or quarantined).
 */
export type TellResult =
  "queued" | "conflated" | "droppedOldest" | "rejected" | "dead";

export interface ActorRef<M> {
  /** Names from the root, joined by "/". */
  readonly path: string;
  /** Never runs the actor inside the call and never throws. */
  tell(message: M): TellResult;
  readonly mailboxSize: number;
}
