import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symbolIdOfVenue, venueNameOf, venueOf } from "./symbol.ts";
import { decodeToken, encodeToken, isToken } from "./symbol-token.ts";

/** Names as venues make them, and anything else. */
const names = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9:@/._ *>=~-]{1,20}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 5 }),
);

const tokenOf = (name: string): string | undefined => {
  try {
    return encodeToken(name);
  } catch (error) {
    expect(String(error)).toContain("E_SYMBOL_FORMAT");
    return undefined;
  }
};

describe("symbol tokens", () => {
  it("give every venue's name back", () => {
    fc.assert(
      fc.property(names, (name) => {
        const token = tokenOf(name);
        if (token !== undefined) expect(decodeToken(token)).toBe(name);
      }),
    );
  });

  it("are one token of a subject, whatever the name", () => {
    fc.assert(
      fc.property(names, (name) => {
        const token = tokenOf(name);
        if (token === undefined) return;
        expect(token).toMatch(/^[A-Z0-9=][A-Z0-9=_-]{0,63}$/);
      }),
    );
  });

  it("are never shared by two names", () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        const [x, y] = [tokenOf(a), tokenOf(b)];
        if (a !== b && x !== undefined) expect(x).not.toBe(y);
      }),
    );
  });

  it("have one form: whatever else decodes is refused", () => {
    const almost = fc.stringMatching(/^[A-Z0-9=][A-F0-9=_-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(almost, fc.string()), (text) => {
        if (isToken(text)) expect(encodeToken(decodeToken(text))).toBe(text);
        else expect(() => decodeToken(text)).toThrow("E_SYMBOL_FORMAT");
      }),
    );
  });

  it("carry a venue's name through an id", () => {
    fc.assert(
      fc.property(names, (name) => {
        if (tokenOf(name) === undefined) return;
        const id = symbolIdOfVenue(name, "KRAKEN");
        expect(venueNameOf(id)).toBe(name);
        expect(venueOf(id)).toBe("KRAKEN");
      }),
    );
  });

  it.each([
    ["BTCUSDT", "BTCUSDT"],
    ["BTC-USDT-SWAP", "BTC-USDT-SWAP"],
    ["BTCUSD_PERP", "BTCUSD_PERP"],
    ["S", "S"],
    ["XBT/USD", "XBT=2FUSD"],
    ["kPEPE", "=6BPEPE"],
    ["@107", "=40107"],
    ["xyz:TSLA", "=78=79=7A=3ATSLA"],
    ["BRK.B", "BRK=2EB"],
    ["-A_", "=2DA_"],
    ["币", "=E5=B8=81"],
  ])("write %s as %s", (name, token) => {
    expect(encodeToken(name)).toBe(token);
  });

  it.each(["", "\ud800", "A".repeat(65), "a".repeat(22)])(
    "refuse the name %j",
    (name) => {
      expect(() => encodeToken(name)).toThrow("E_SYMBOL_FORMAT");
    },
  );

  it.each(["=41", "=6b", "A=", "A=2", "A=2G", "=FF", "_A", "-A", "a", "A.B"])(
    "refuse %s as a token",
    (token) => {
      expect(() => decodeToken(token)).toThrow("E_SYMBOL_FORMAT");
    },
  );
});
