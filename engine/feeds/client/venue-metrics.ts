/** What a venue's clients count: one set a venue, resolved once. */
import type { GapReason } from "../../domain/market-event.ts";
import type { Counter, Gauge, Telemetry } from "../../ports.ts";
import type { ErrorCode } from "../../std/errors.ts";
import { REST_OUTCOMES, type RestOutcome } from "./rest-queue.ts";
import type { DownReason } from "./venue-connection.ts";

export class VenueMetrics {
  readonly connections: Gauge;
  readonly opened: Counter;
  readonly messages: Counter;
  readonly events: Counter;
  readonly checksumMismatches: Counter;
  readonly duplicates: Counter;
  readonly resyncs: Counter;
  readonly unsyncable: Counter;
  readonly rollovers: Readonly<Record<"done" | "failed", Counter>>;
  readonly rest: Readonly<Record<RestOutcome, Counter>>;
  readonly restWeight: Gauge;
  readonly booksWaiting: Gauge;
  readonly messageAge: Gauge;
  readonly waiting: Gauge;
  readonly #telemetry: Telemetry;
  readonly #venue: string;
  readonly #byKey = new Map<string, Counter>();

  constructor(telemetry: Telemetry, venue: string) {
    const t = telemetry;
    const of = { venue };
    this.#telemetry = t;
    this.#venue = venue;
    this.connections = t.gauge(
      "fusewire_venue_connections",
      "Open connections to the venue",
      of,
    );
    this.opened = t.counter(
      "fusewire_venue_connects_total",
      "Connections opened, the first and every later one",
      of,
    );
    this.messages = t.counter(
      "fusewire_venue_messages_total",
      "Messages received",
      of,
    );
    this.events = t.counter(
      "fusewire_venue_events_total",
      "Market events made of them",
      of,
    );
    this.checksumMismatches = t.counter(
      "fusewire_venue_checksum_mismatches_total",
      "Books that did not match the venue's checksum",
      of,
    );
    this.duplicates = t.counter(
      "fusewire_venue_duplicates_total",
      "Book updates that had been had already",
      of,
    );
    this.resyncs = t.counter(
      "fusewire_venue_resyncs_total",
      "Books asked for again",
      of,
    );
    this.unsyncable = t.counter(
      "fusewire_venue_books_unsyncable_total",
      "Books given up for a while after all tries",
      of,
    );
    const rollover = (outcome: string) =>
      t.counter(
        "fusewire_venue_rollovers_total",
        "Connections replaced before the end of their lifetime",
        { venue, outcome },
      );
    this.rollovers = { done: rollover("done"), failed: rollover("failed") };
    this.rest = Object.fromEntries(
      REST_OUTCOMES.map((outcome) => [
        outcome,
        t.counter("fusewire_venue_rest_total", "REST requests answered", {
          venue,
          outcome,
        }),
      ]),
    ) as Record<RestOutcome, Counter>;
    this.restWeight = t.gauge(
      "fusewire_venue_rest_weight",
      "REST weight used within the last minute",
      of,
    );
    this.booksWaiting = t.gauge(
      "fusewire_venue_books_waiting",
      "Books that wait for a snapshot",
      of,
    );
    this.messageAge = t.gauge(
      "fusewire_venue_message_age_seconds",
      "Since the last message of the quietest connection",
      of,
    );
    this.waiting = t.gauge(
      "fusewire_venue_waiting",
      "Messages received and not yet mapped",
      of,
    );
  }

  gaps(reason: GapReason): Counter {
    return this.#labelled(
      "fusewire_venue_gaps_total",
      "Gaps told to symbols",
      "reason",
      reason,
    );
  }

  downs(reason: DownReason): Counter {
    return this.#labelled(
      "fusewire_venue_disconnects_total",
      "Connections lost or given up",
      "reason",
      reason,
    );
  }

  malformed(code: ErrorCode): Counter {
    return this.#labelled(
      "fusewire_venue_malformed_total",
      "Messages refused by the mapper",
      "code",
      code,
    );
  }

  #labelled(name: string, help: string, label: string, value: string): Counter {
    const key = `${name} ${value}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const counter = this.#telemetry.counter(name, help, {
      venue: this.#venue,
      [label]: value,
    });
    this.#byKey.set(key, counter);
    return counter;
  }
}
