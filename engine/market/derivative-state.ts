/** What a venue last told of one derivative besides its prices: funding and open interest, each as old as it is. */
import type { Funding, OpenInterest } from "../domain/market-event.ts";
import { nsToMs } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";

export class DerivativeState {
  /** Per funding interval, as a fraction; 0 until told, as with all below. */
  fundingRate = 0;
  markPrice = 0;
  nextFundingUs = 0 as UnixMicros;
  openInterest = 0;
  /** As they came, of whatever symbol is looked at; undefined until told. */
  funding: Funding | undefined;
  interest: OpenInterest | undefined;
  /** What was told before the latest value. */
  previousOpenInterest = 0;
  #fundingNs = Number.NEGATIVE_INFINITY;
  #interestNs = Number.NEGATIVE_INFINITY;

  onFunding(event: Funding): void {
    this.funding = event;
    this.fundingRate = event.rate;
    this.markPrice = event.markPrice;
    this.nextFundingUs = event.nextUs;
    this.#fundingNs = event.receivedNs;
  }

  onOpenInterest(event: OpenInterest): void {
    this.previousOpenInterest =
      this.#interestNs === Number.NEGATIVE_INFINITY
        ? event.openInterest
        : this.openInterest;
    this.interest = event;
    this.openInterest = event.openInterest;
    this.#interestNs = event.receivedNs;
  }

  /** Infinity until told, by our own monotonic clock: no skew of the venue's makes it negative. */
  fundingAgeMs(nowNs: MonoNanos): number {
    return Math.max(0, nsToMs(nowNs - this.#fundingNs));
  }

  openInterestAgeMs(nowNs: MonoNanos): number {
    return Math.max(0, nsToMs(nowNs - this.#interestNs));
  }
}
