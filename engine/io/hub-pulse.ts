/** Whether the engine's own thread is alive, as seen from the hub: it beats once a second. */
import { msToNs, type Clock } from "../std/time.ts";

export class HubPulse {
  readonly #clock: Clock;
  #beatNs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beatNs = clock.nowNs();
  }

  beat(): void {
    this.#beatNs = this.#clock.nowNs();
  }

  isSilentFor(ms: number): boolean {
    return this.#clock.nowNs() - this.#beatNs > msToNs(ms);
  }
}
