/** How far each venue's clock is ahead of ours, by all its symbols together, as a metric. */
import type { MarketEvent } from "../engine/domain/market-event.ts";
import { venueOf } from "../engine/domain/symbol.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { ClockSkew } from "../engine/market/clock-skew.ts";
import type { Gauge, Telemetry } from "../engine/ports.ts";

/** Time between two looks at the estimate: it moves by whole windows. */
const TELL_EVERY_NS = 1e9;

export class VenueClock {
  readonly #skew = new ClockSkew();
  readonly #gauge: Gauge;
  #tellNs = 0;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  observe(event: MarketEvent): void {
    this.#skew.observe(event.eventUs, event.receivedUs, event.receivedNs);
    if (event.receivedNs < this.#tellNs) return;
    this.#tellNs = event.receivedNs + TELL_EVERY_NS;
    const { skewUs } = this.#skew;
    if (skewUs !== undefined) this.#gauge.set(skewUs / 1e6);
  }
}

export class VenueClocks {
  readonly #telemetry: Telemetry;
  readonly #clocks = new Map<string, VenueClock>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  of(symbol: SymbolId): VenueClock {
    const venue = venueOf(symbol);
    let clock = this.#clocks.get(venue);
    if (clock === undefined) {
      clock = new VenueClock(
        this.#telemetry.gauge(
          "fusewire_venue_clock_skew_seconds",
          "Venue's clock minus ours, less the fastest way",
          { venue },
        ),
      );
      this.#clocks.set(venue, clock);
    }
    return clock;
  }
}
