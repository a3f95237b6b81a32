/** The bus inside one process: NATS semantics, one global first-in first-out order, for the embedded default, tests and replay. */
import {
  NO_LOG,
  type Bus,
  type BusMessage,
  type BusState,
  type Logger,
  type Subscription,
} from "../ports.ts";
import { RingBuffer } from "../std/ring-buffer.ts";
import { subjectMatches } from "../wire/subjects.ts";

interface Subscriber {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
  isActive: boolean;
}

export interface LocalBusOptions {
  /** Messages published from inside handlers and not yet delivered; the newest is dropped beyond it. */
  readonly queueMax: number;
  readonly log: Logger;
}

const DEFAULTS: LocalBusOptions = { queueMax: 65_536, log: NO_LOG };
const ROUTES_MAX = 16_384;

/**
 * A publish from outside delivers before it returns; one from inside a handler waits until that handler is done. So handlers
 * never nest, and the same publishes always give the same order. Subscribers run in the order in which they subscribed.
 */
export class LocalBus implements Bus {
  readonly #options: LocalBusOptions;
  readonly #queue: RingBuffer<BusMessage>;
  readonly #subscribers: Subscriber[] = [];
  readonly #routes = new Map<string, readonly Subscriber[]>();
  readonly #turns = new Map<string, number>();
  readonly #listeners: ((state: BusState) => void)[] = [];
  #state: BusState = "connected";
  #isDelivering = false;
  #dropped = 0;
  #inboxes = 0;

  constructor(options: Partial<LocalBusOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#queue = new RingBuffer(this.#options.queueMax);
  }

  get state(): BusState {
    return this.#state;
  }

  /** Published and not delivered: over the bound, or after the end. */
  get dropped(): number {
    return this.#dropped;
  }

  publish(
    subject: string,
    data: Uint8Array,
    headers?: ReadonlyMap<string, string>,
    reply?: string,
  ): void {
    if (
      this.#state === "closed" ||
      !this.#queue.push({ subject, data, reply, headers })
    ) {
      this.#dropped++;
      return;
    }
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (
        let next = this.#queue.shift();
        next !== undefined;
        next = this.#queue.shift()
      )
        this.#deliver(next);
    } finally {
      this.#isDelivering = false;
    }
  }

  subscribe(
    pattern: string,
    onMessage: (message: BusMessage) => void,
    queue?: string,
  ): Subscription {
    const subscriber: Subscriber = {
      pattern,
      queue,
      onMessage,
      isActive: true,
    };
    this.#subscribers.push(subscriber);
    this.#routes.clear();
    return {
      unsubscribe: () => {
        subscriber.isActive = false;
        const at = this.#subscribers.indexOf(subscriber);
        if (at >= 0) this.#subscribers.splice(at, 1);
        this.#routes.clear();
      },
    };
  }

  /** The first answer, if it comes before the caller's own patience ends: `onReply` is dropped by `unsubscribe`. */
  request(
    subject: string,
    data: Uint8Array,
    onReply: (message: BusMessage) => void,
    headers?: ReadonlyMap<string, string>,
  ): Subscription {
    this.#inboxes++;
    const inbox = `_INBOX.local.${this.#inboxes}`;
    const subscription = this.subscribe(inbox, (message) => {
      subscription.unsubscribe();
      onReply(message);
    });
    this.publish(subject, data, headers, inbox);
    return subscription;
  }

  onState(listener: (state: BusState) => void): void {
    this.#listeners.push(listener);
  }

  /** Stands in for an outage, so that tests and simulations run the code that a lost broker runs. */
  setState(state: "connected" | "disconnected"): void {
    this.#change(state);
  }

  drain(): Promise<void> {
    this.#subscribers.length = 0;
    this.#routes.clear();
    this.#change("closed");
    return Promise.resolve();
  }

  #change(state: BusState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #deliver(message: BusMessage): void {
    if (this.#state !== "connected") {
      this.#dropped++;
      return;
    }
    let served: Set<string> | undefined;
    for (const subscriber of this.#route(message.subject)) {
      if (subscriber.queue !== undefined) {
        const group = `${subscriber.pattern} ${subscriber.queue}`;
        served ??= new Set();
        if (served.has(group)) continue;
        served.add(group);
        this.#call(this.#member(message.subject, subscriber), message);
      } else this.#call(subscriber, message);
    }
  }

  #call(subscriber: Subscriber, message: BusMessage): void {
    if (!subscriber.isActive) return;
    try {
      subscriber.onMessage(message);
    } catch (error) {
      this.#options.log.error("bus.handlerThrew", {
        subject: subscriber.pattern,
        error,
      });
    }
  }

  /** A queue group takes turns. */
  #member(subject: string, first: Subscriber): Subscriber {
    const members = this.#route(subject).filter(
      (s) => s.queue === first.queue && s.pattern === first.pattern,
    );
    const group = `${first.pattern} ${first.queue ?? ""}`;
    const turn = this.#turns.get(group) ?? 0;
    this.#turns.set(group, turn + 1);
    return members[turn % members.length] ?? first;
  }

  #route(subject: string): readonly Subscriber[] {
    let route = this.#routes.get(subject);
    if (route === undefined) {
      route = this.#subscribers.filter((s) =>
        subjectMatches(s.pattern, subject),
      );
      if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
      this.#routes.set(subject, route);
    }
    return route;
  }
}
