/** A bus that loses what it is told to on the way out. */
import type { Bus } from "../../engine/ports.ts";

export interface LossyBus extends Bus {
  /** Asked of every message; true: it never leaves. */
  loses: (subject: string, data: Uint8Array) => boolean;
}

export const lossyBus = (inner: Bus): LossyBus => ({
  loses: () => false,
  get state() {
    return inner.state;
  },
  publish(subject, data, headers, reply) {
    if (!this.loses(subject, data))
      inner.publish(subject, data, headers, reply);
  },
  subscribe: (subject, onMessage, queue) =>
    inner.subscribe(subject, onMessage, queue),
  onState: (listener) => inner.onState(listener),
  drain: () => inner.drain(),
});
