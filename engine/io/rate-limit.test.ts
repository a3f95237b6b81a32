import { describe, expect, it } from "vitest";
import { monoNanos } from "../std/time.ts";
import { TokenBucket } from "./rate-limit.ts";

describe("the token bucket", () => {
  it("gives its burst at once and then its rate, and says how long to wait", () => {
    const bucket = new TokenBucket(10, 2);
    const at = (ms: number) => bucket.take(monoNanos(ms * 1e6));
    expect([at(0), at(0), at(0)]).toEqual([true, true, false]);
    expect(bucket.waitMs).toBe(100);
    expect([at(99), at(100), at(100)]).toEqual([false, true, false]);
    // A long rest fills it to the burst, not beyond.
    expect([at(9_000), at(9_000), at(9_000)]).toEqual([true, true, false]);
  });
});
