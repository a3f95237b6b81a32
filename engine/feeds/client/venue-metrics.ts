/** What a venue's clients count: one set a venue, resolved once. */
import type { GapReason } from "../../domain/market-event.ts";
import type { Counter, Gauge, Telemetry } from "../../ports.ts";
import type { ErrorCode } from "../../std/errors.ts";
import type { VenueCounts } from "../venues/venue-mapper.ts";
import { REST_OUTCOMES, type RestOutcome } from "./rest-queue.ts";
import type { DownReason } from "./venue-connection.ts";

type Metric = readonly [name: string, help: string];

const GAUGES = {
  connections: ["fusewire_venue_connections", "Open connections to the venue"],
  restWeight: [
    "fusewire_venue_rest_weight",
    "REST weight used within the last minute",
  ],
  booksWaiting: [
    "fusewire_venue_books_waiting",
    "Books that wait for a snapshot",
  ],
  messageAge: [
    "fusewire_venue_message_age_seconds",
    "Since the last message of the quietest connection",
  ],
  waiting: ["fusewire_venue_waiting", "Messages received and not yet mapped"],
} as const satisfies Record<string, Metric>;

const COUNTERS = {
  opened: [
    "fusewire_venue_connects_total",
    "Connections opened, the first and every later one",
  ],
  messages: ["fusewire_venue_messages_total", "Messages received"],
  events: ["fusewire_venue_events_total", "Market events made of them"],
  resyncs: ["fusewire_venue_resyncs_total", "Books asked for again"],
  unsyncable: [
    "fusewire_venue_books_unsyncable_total",
    "Books given up for a while after all tries",
  ],
} as const satisfies Record<string, Metric>;

/** Of what only the mappers know. */
const MAPPED = {
  checksumsVerified: [
    "fusewire_venue_checksums_verified_total",
    "Books that matched the venue's checksum",
  ],
  checksumMismatches: [
    "fusewire_venue_checksum_mismatches_total",
    "Books that did not match the venue's checksum",
  ],
  duplicates: [
    "fusewire_venue_duplicates_total",
    "Updates and trades that had been had already",
  ],
  staleSnapshots: [
    "fusewire_venue_stale_snapshots_total",
    "Snapshots older than the updates that wait for one",
  ],
  unsynced: [
    "fusewire_venue_unsynced_total",
    "Book updates left because their book is void",
  ],
  lostTrades: [
    "fusewire_venue_lost_trades_total",
    "Trades that the venue's numbering shows to be missing",
  ],
  ignored: [
    "fusewire_venue_ignored_total",
    "Messages that are no event: acknowledgements, heartbeats, pongs",
  ],
} as const satisfies Partial<Record<keyof VenueCounts, Metric>>;

export class VenueMetrics {
  readonly gauges: Readonly<Record<keyof typeof GAUGES, Gauge>>;
  readonly counters: Readonly<Record<keyof typeof COUNTERS, Counter>>;
  readonly rollovers: Readonly<Record<"done" | "failed", Counter>>;
  readonly rest: Readonly<Record<RestOutcome, Counter>>;
  readonly #mapped: Readonly<Record<keyof typeof MAPPED, Counter>>;
  readonly #telemetry: Telemetry;
  readonly #venue: string;
  readonly #byKey = new Map<string, Counter>();

  constructor(telemetry: Telemetry, venue: string) {
    this.#telemetry = telemetry;
    this.#venue = venue;
    const counter = ([name, help]: Metric): Counter =>
      telemetry.counter(name, help, { venue });
    this.gauges = mapValues(GAUGES, ([name, help]) =>
      telemetry.gauge(name, help, { venue }),
    );
    this.counters = mapValues(COUNTERS, counter);
    this.#mapped = mapValues(MAPPED, counter);
    this.rollovers = {
      done: this.#rollover("done"),
      failed: this.#rollover("failed"),
    };
    this.rest = Object.fromEntries(
      REST_OUTCOMES.map((outcome) => [
        outcome,
        this.#labelled("fusewire_venue_rest_total", "REST requests answered", {
          outcome,
        }),
      ]),
    ) as Record<RestOutcome, Counter>;
  }

  /** Adds what a mapper has counted since `before`, and notes it there. */
  addMapped(counts: Readonly<VenueCounts>, before: VenueCounts): void {
    for (const name of MAPPED_NAMES) {
      this.#mapped[name].add(counts[name] - before[name]);
      before[name] = counts[name];
    }
  }

  gaps(reason: GapReason): Counter {
    return this.#labelled("fusewire_venue_gaps_total", "Gaps told to symbols", {
      reason,
    });
  }

  downs(reason: DownReason): Counter {
    return this.#labelled(
      "fusewire_venue_disconnects_total",
      "Connections lost or given up",
      { reason },
    );
  }

  malformed(code: ErrorCode): Counter {
    return this.#labelled(
      "fusewire_venue_malformed_total",
      "Messages refused by the mapper",
      { code },
    );
  }

  #rollover(outcome: string): Counter {
    return this.#labelled(
      "fusewire_venue_rollovers_total",
      "Connections replaced before the end of their lifetime",
      { outcome },
    );
  }

  #labelled(
    name: string,
    help: string,
    label: Readonly<Record<string, string>>,
  ): Counter {
    const key = `${name} ${Object.values(label).join(" ")}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const counter = this.#telemetry.counter(name, help, {
      venue: this.#venue,
      ...label,
    });
    this.#byKey.set(key, counter);
    return counter;
  }
}

const MAPPED_NAMES = Object.keys(MAPPED) as (keyof typeof MAPPED)[];

const mapValues = <K extends string, V>(
  table: Readonly<Record<K, Metric>>,
  make: (metric: Metric) => V,
): Record<K, V> =>
  Object.fromEntries(
    Object.entries<Metric>(table).map(([key, metric]) => [key, make(metric)]),
  ) as Record<K, V>;
