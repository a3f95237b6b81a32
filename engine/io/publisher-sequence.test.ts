import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, msToNs } from "../std/time.ts";
import { PublisherSequence } from "./publisher-sequence.ts";

const BTC = symbolId("BTCUSDT.BINANCE");
const ETH = symbolId("ETHUSDT.BINANCE");
const OLD = "i1abcdef00-1";
const NEW = "i1abcdef99-1";

const setUp = () => {
  const sequence = new PublisherSequence({ symbolsMax: 2, takeBackMs: 1_000 });
  const take = (value: string, atMs = 0, symbol = BTC) =>
    sequence.take(symbol, value, monoNanos(msToNs(atMs)));
  return { sequence, take };
};

describe("PublisherSequence", () => {
  it("follows each symbol's own numbers, from whichever it hears first", () => {
    const { take } = setUp();
    expect(take(`${OLD} 7`)).toBe("follows");
    expect(take(`${OLD} 8`)).toBe("follows");
    expect(take(`${OLD} 1`, 0, ETH)).toBe("follows");
    expect(take(`${OLD} 9`)).toBe("follows");
  });

  it("tells a hole once, with the message after it", () => {
    const { take } = setUp();
    take(`${OLD} 1`);
    expect(take(`${OLD} 3`)).toBe("lost");
    expect(take(`${OLD} 4`)).toBe("follows");
  });

  it("leaves what it has had", () => {
    const { take } = setUp();
    take(`${OLD} 1`);
    take(`${OLD} 2`);
    expect(take(`${OLD} 2`)).toBe("repeated");
    expect(take(`${OLD} 1`)).toBe("repeated");
    expect(take(`${OLD} 3`)).toBe("follows");
  });

  it("takes a later publisher over, and leaves the earlier one while the later lives", () => {
    const { take } = setUp();
    take(`${OLD} 5`);
    expect(take(`${NEW} 1`)).toBe("restarted");
    expect(take(`${OLD} 6`, 500)).toBe("superseded");
    expect(take(`${NEW} 2`, 900)).toBe("follows");
    expect(take(`${OLD} 7`, 1_899)).toBe("superseded");
    expect(take(`${OLD} 8`, 1_900)).toBe("restarted");
    expect(take(`${OLD} 9`, 1_901)).toBe("follows");
  });

  it("starts anew for a symbol that it was told to forget", () => {
    const { sequence, take } = setUp();
    take(`${OLD} 5`);
    sequence.forget(BTC);
    expect(take(`${OLD} 9`)).toBe("follows");
    sequence.clear();
    expect(take(`${NEW} 3`)).toBe("follows");
  });

  it("refuses what is no mark", () => {
    const { take } = setUp();
    for (const value of ["", "x", OLD, `${OLD} `, `${OLD} 0`, `${OLD} -1`])
      expect(take(value), value).toBe("malformed");
    take(`${OLD} 1`);
    expect(take(`${OLD} two`)).toBe("malformed");
    expect(take(`${OLD} 2`)).toBe("follows");
  });

  it("follows no more symbols than it may", () => {
    const { take } = setUp();
    take(`${OLD} 1`);
    take(`${OLD} 1`, 0, ETH);
    const third = symbolId("SOLUSDT.BINANCE");
    expect(take(`${OLD} 1`, 0, third)).toBe("follows");
    expect(take(`${OLD} 9`, 0, third)).toBe("follows");
  });
});
