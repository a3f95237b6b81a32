/** What a supervisor may order for a child that threw. */

/**
 * "resume": keep its state, go on with the next message. "restart": fresh state after a backoff, mailbox kept.
 * "stop": end it. "escalate": the supervisor has failed itself; its own supervisor decides.
 */
export type Directive = "resume" | "restart" | "stop" | "escalate";
