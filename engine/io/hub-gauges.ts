/** The hub's numbers as the engine's metrics: the hub thread counts totals, here they become counters. */
import type { Counter, Gauge, Telemetry } from "../ports.ts";
import type { HubCounts } from "./hub-messages.ts";

type Total = "delivered" | "conflated" | "refused" | "stalled";

export class HubGauges {
  readonly heldBack: Counter;
  readonly unknown: Counter;
  readonly restarts: Counter;
  readonly #sockets: Gauge;
  readonly #behind: Gauge;
  readonly #totals: Readonly<Record<Total, Counter>>;
  #before: Readonly<Record<Total, number>> = NOTHING;

  constructor(telemetry: Telemetry) {
    const counter = (name: string, help: string) =>
      telemetry.counter(`fusewire_hub_${name}`, help);
    this.heldBack = counter(
      "held_back_total",
      "Signals superseded before the hub thread took them",
    );
    this.unknown = counter(
      "beyond_symbols_max_total",
      "Signals of symbols beyond the hub's bound",
    );
    this.restarts = counter("restarts_total", "Restarts of the hub thread");
    this.#sockets = telemetry.gauge(
      "fusewire_hub_sockets",
      "Open WebSocket connections",
    );
    this.#behind = telemetry.gauge(
      "fusewire_hub_sockets_behind",
      "Sockets being conflated",
    );
    this.#totals = {
      delivered: counter("delivered_total", "Signals written to sockets"),
      conflated: counter(
        "conflated_total",
        "Signals superseded while a socket was behind or paced",
      ),
      refused: counter("refused_total", "Connections refused"),
      stalled: counter("stalled_total", "Sockets closed for not reading"),
    };
  }

  set(counts: HubCounts): void {
    this.#sockets.set(counts.sockets);
    this.#behind.set(counts.behind);
    for (const [name, counter] of Object.entries(this.#totals)) {
      const grown = counts[name as Total] - this.#before[name as Total];
      if (grown > 0) counter.add(grown);
    }
    this.#before = counts;
  }

  /** A new thread counts from zero. */
  threadRestarted(): void {
    this.#before = NOTHING;
  }
}

const NOTHING = { delivered: 0, conflated: 0, refused: 0, stalled: 0 };
