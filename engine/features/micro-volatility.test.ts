import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { MicroState } from "./micro-state.ts";
import { MicroVolatility } from "./micro-volatility.ts";

const REALIZED_60 = 0;
const BIPOWER_60 = 2;
const SHARE_60 = 4;

class Stage {
  readonly #volatility = new MicroVolatility(
    new MicroState(MicroVolatility.STATE),
  );
  readonly #values = new Float64Array(MicroVolatility.FEATURES);

  push(...moves: readonly number[]): this {
    for (const move of moves) this.#volatility.push(Float64Array.of(move), 0);
    return this;
  }

  skip(): this {
    this.#volatility.skipSecond();
    return this;
  }

  value(feature: number): number {
    this.#volatility.write(this.#values, 0);
    return this.#values[feature]!;
  }
}

const still = (count: number) => Array<number>(count).fill(0);

/** Realised variance and bipower variation, as a mean of windows of a minute that share no second. */
const brownian = (gaps: number): readonly [number, number] => {
  const random = new Random("brownian");
  const stage = new Stage();
  const windows = 6000;
  let realized = 0;
  let bipower = 0;
  for (let i = 0; i < windows; i++) {
    for (let second = 0; second < 60; second++) {
      if (random.next() < gaps) stage.skip();
      stage.push(random.normal());
    }
    realized += stage.value(REALIZED_60) ** 2 / windows;
    bipower += stage.value(BIPOWER_60) ** 2 / windows;
  }
  return [realized, bipower];
};

describe("the variation of the mid", () => {
  it.each([
    ["without a gap", 0],
    ["with a gap every ten seconds", 0.1],
  ])(
    "is the same by squares and by products on a Brownian path %s",
    (_, gaps) => {
      const [realized, bipower] = brownian(gaps);
      // Of 6,000 windows the difference is 0.0013 by chance; a product too many in each makes it 0.017.
      expect(Math.abs(realized - 1)).toBeLessThan(0.008);
      expect(Math.abs(bipower / realized - 1)).toBeLessThan(0.005);
    },
  );

  it("multiplies moves of seconds that follow one another alone", () => {
    const follows = new Stage().push(...still(60), 2, 3);
    expect(follows.value(BIPOWER_60)).toBeCloseTo(
      Math.sqrt((Math.PI / 2) * (6 / 59)),
      12,
    );
    const apart = new Stage()
      .push(...still(60), 2)
      .skip()
      .push(3);
    expect(apart.value(BIPOWER_60)).toBe(0);
    expect(apart.value(SHARE_60)).toBe(1);
  });

  it("divides by as many products as there are", () => {
    const stage = new Stage()
      .push(...still(60), 2, 3)
      .skip()
      .push(0, 0);
    expect(stage.value(BIPOWER_60)).toBeCloseTo(
      Math.sqrt((Math.PI / 2) * (6 / 58)),
      12,
    );
  });

  it("takes no product of a move that has left the window", () => {
    const stage = new Stage().push(2, 3, ...still(59));
    // The 3 is the oldest of the sixty.
    expect(stage.value(REALIZED_60)).toBeCloseTo(Math.sqrt(9 / 60), 12);
    expect(stage.value(BIPOWER_60)).toBe(0);
  });

  it("is not known by products where no two seconds follow one another", () => {
    const stage = new Stage();
    for (let i = 0; i < 60; i++) stage.push(1).skip();
    expect(stage.value(REALIZED_60)).toBe(1);
    expect(stage.value(BIPOWER_60)).toBeNaN();
    expect(stage.value(SHARE_60)).toBeNaN();
  });
});
