/** A NATS micro service (ADR-32) on the Bus port: discovery by `$SRV.PING|INFO|STATS`, endpoints, statistics. */
import {
  NO_LOG,
  type Bus,
  type BusMessage,
  type Clock,
  type Logger,
  type Subscription,
} from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import { systemClock } from "../std/time.ts";
import { discoverySubjects, isInbox } from "../wire/subjects.ts";

export interface Endpoint {
  /** `[A-Za-z0-9_-]+` */
  readonly name: string;
  readonly subject: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Answers through `reply`, once, now or later; must not throw. */
  readonly handle: (request: BusMessage, reply: Reply) => void;
}

/** `error` is what STATS shows as the endpoint's last error. */
export type Reply = (
  data: Uint8Array,
  headers?: ReadonlyMap<string, string>,
  error?: CodedError,
) => void;

export interface MicroServiceOptions {
  readonly bus: Bus;
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  /** Unique among the instances. */
  readonly id: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly log?: Logger;
}

const QUEUE = "q";

interface Stats {
  requests: number;
  errors: number;
  lastError: string;
  processingNs: number;
}

export class MicroService {
  readonly #options: MicroServiceOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #startedUs: number;
  readonly #endpoints = new Map<Endpoint, Stats>();
  readonly #subscriptions: Subscription[] = [];
  #forged = 0;

  constructor(options: MicroServiceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? NO_LOG;
    this.#startedUs = this.#clock.nowUs();
    this.#discover("PING", () => ({}));
    this.#discover("INFO", () => this.#info());
    this.#discover("STATS", () => this.#stats());
  }

  /** Requests that were not answered because their reply subject is no inbox. */
  get forged(): number {
    return this.#forged;
  }

  add(endpoint: Endpoint): void {
    const stats: Stats = {
      requests: 0,
      errors: 0,
      lastError: "",
      processingNs: 0,
    };
    this.#endpoints.set(endpoint, stats);
    this.#listen(
      endpoint.subject,
      (request, inbox) => {
        const startedNs = this.#clock.nowNs();
        stats.requests++;
        endpoint.handle(request, (data, headers, error) => {
          stats.processingNs += this.#clock.nowNs() - startedNs;
          if (error !== undefined) {
            stats.errors++;
            stats.lastError = error.code;
          }
          this.#options.bus.publish(inbox, data, headers);
        });
      },
      QUEUE,
    );
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions.length = 0;
  }

  #discover(
    verb: "PING" | "INFO" | "STATS",
    body: () => Readonly<Record<string, unknown>>,
  ): void {
    const { name, id, version, metadata = {}, bus } = this.#options;
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    for (const subject of discoverySubjects(verb, name, id))
      this.#listen(subject, (_request, inbox) => {
        const reply = { type, name, id, version, metadata, ...body() };
        bus.publish(inbox, Buffer.from(JSON.stringify(reply)));
      });
  }

  /** Only inboxes are answered: the engine must not publish where a stranger points. */
  #listen(
    subject: string,
    onRequest: (request: BusMessage, inbox: string) => void,
    queue?: string,
  ): void {
    this.#subscriptions.push(
      this.#options.bus.subscribe(
        subject,
        (request) => {
          const { reply } = request;
          if (reply !== undefined && isInbox(reply)) onRequest(request, reply);
          else {
            this.#forged++;
            this.#log.warn("api.noInbox", { code: "E_AUTH_DENIED", subject });
          }
        },
        queue,
      ),
    );
  }

  #info(): Readonly<Record<string, unknown>> {
    return {
      description: this.#options.description,
      endpoints: [...this.#endpoints.keys()].map(
        ({ name, subject, metadata = {} }) => ({
          name,
          subject,
          queue_group: QUEUE,
          metadata,
        }),
      ),
    };
  }

  #stats(): Readonly<Record<string, unknown>> {
    return {
      started: new Date(this.#startedUs / 1_000).toISOString(),
      endpoints: [...this.#endpoints].map(([{ name, subject }, stats]) => ({
        name,
        subject,
        queue_group: QUEUE,
        num_requests: stats.requests,
        num_errors: stats.errors,
        last_error: stats.lastError,
        processing_time: stats.processingNs,
        average_processing_time:
          stats.requests === 0
            ? 0
            : Math.round(stats.processingNs / stats.requests),
      })),
    };
  }
}
