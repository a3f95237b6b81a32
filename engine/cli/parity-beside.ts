/** What recorded bars do not say, drawn, so that every feature has something to read on both sides of a parity check. */
import type { Bar } from "../domain/market-event.ts";
import { GRID_FILL_MAX } from "../features/bar-inputs.ts";
import type { GridFeatures } from "../features/grid-features.ts";
import type { Article } from "../features/news-windows.ts";
import { Random } from "../std/random.ts";

const SEED = 20_261_121;
const HOUR_US = 3_600_000_000;
/** Hours of silence and hours of news, so that news also grow too old. */
const QUIET_HOURS = 12;
const NEWS_HOURS = 9;
const ARTICLE_CHANCE = 0.04;
const DATE_OFF_MAX_US = 2 * HOUR_US;

/** Open interest is now and then not told for an hour. */
const UNTOLD_CHANCE = 2e-4;
const UNTOLD_BARS = 60;
/** So are bars of the leading symbol: a few, and seldom more than are filled. */
const HOLE_CHANCE = 0.01;
const HOLE_BARS = 8;
const LONG_HOLE_CHANCE = 1e-4;
/** Bars of which the sides are not known, before those that say them. */
const SIDELESS_BARS = 100;

/** Who bought and sold, where the file does not say it. */
export const withSides = (bars: readonly Bar[]): readonly Bar[] => {
  const random = new Random(SEED + 2);
  return bars.map((bar, i) => {
    if (i < SIDELESS_BARS || bar.buyVolume !== undefined) return bar;
    const buyVolume = bar.volume * random.next();
    return { ...bar, buyVolume, sellVolume: bar.volume - buyVolume };
  });
};

/** A book, a leading symbol, funding, open interest and mood beside each bar. */
export class BesideDraw {
  readonly #random = new Random(SEED);
  #other = 1000;
  #interest = 1e5;
  #untold = 0;
  readonly #holes = new Random(SEED + 3);
  #otherUntold = 0;

  next(features: GridFeatures, close: number): void {
    const random = this.#random;
    const draw = (from: number, to: number): number =>
      from + (to - from) * random.next();
    this.#other *= 1 + draw(-1e-3, 1e-3);
    const half = close * draw(1e-5, 1e-3);
    features.set("bidPrice", close - half);
    features.set("askPrice", close + half);
    for (const name of ["bidSize", "askSize"] as const)
      features.set(name, draw(0.1, 10));
    for (const name of ["bidDepth5", "askDepth5"] as const)
      features.set(name, draw(1, 50));
    features.set("otherClose", this.#otherTold());
    features.set("fundingRate", draw(-1e-3, 1e-3));
    features.set("sentiment", draw(-1, 1));
    features.set("sentimentMomentum", draw(-1, 1) > 0 ? NaN : draw(-1, 1));
    this.#interest *= 1 + draw(-1e-3, 1e-3);
    if (random.next() < UNTOLD_CHANCE) this.#untold = UNTOLD_BARS;
    features.set("openInterest", this.#untold > 0 ? NaN : this.#interest);
    if (this.#untold > 0) this.#untold--;
  }

  #otherTold(): number {
    if (this.#otherUntold > 0) {
      this.#otherUntold--;
      return NaN;
    }
    const chance = this.#holes.next();
    if (chance < LONG_HOLE_CHANCE) this.#otherUntold = GRID_FILL_MAX + 60;
    else if (chance < HOLE_CHANCE)
      this.#otherUntold = 1 + this.#holes.int(HOLE_BARS);
    return this.#other;
  }
}

/** Articles of an interval, in the order in which they come: dated up to two hours before or after, which must not matter. */
export class ArticleDraw {
  readonly #random = new Random(SEED + 1);

  within(fromUs: number, toUs: number): readonly Article[] {
    const random = this.#random;
    const hour = Math.floor(fromUs / HOUR_US) % (QUIET_HOURS + NEWS_HOURS);
    if (hour < QUIET_HOURS || random.next() > ARTICLE_CHANCE) return [];
    const receivedUs = fromUs + random.int(toUs - fromUs - 1);
    const parts = [random.next() ** 3, random.next() ** 3, random.next() ** 3];
    const [positive, negative, neutral] = parts.map(
      (part) => part / parts.reduce((a, b) => a + b),
    );
    return [
      {
        publishedUs:
          receivedUs + DATE_OFF_MAX_US - random.int(2 * DATE_OFF_MAX_US),
        receivedUs,
        positive: positive!,
        negative: negative!,
        neutral: neutral!,
        headline: "",
        source: "drawn",
      },
    ];
  }
}
