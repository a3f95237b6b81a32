import { describe, expect, it } from "vitest";
import { symbolIdOfVenue } from "../../../domain/symbol.ts";
import { VENUE_NAMES, venueProfile } from "./venue-profiles.ts";

describe("the profiles of venues", () => {
  it.each(["kraken", "kraken-v1"])(
    "%s subscribes no more than its checksum proves, unless told to",
    (name) => {
      const depthOf = (profile = venueProfile(name)): string[] => {
        const symbol = symbolIdOfVenue("BTC/USD", "KRAKEN");
        return [
          ...profile.subscribe([symbol], ["book"]),
          ...profile.unsubscribe([symbol], ["book"]),
        ].map((message) => /"depth":(\d+)/.exec(message)![1]!);
      };
      expect(depthOf()).toEqual(["10", "10"]);
      expect(depthOf(venueProfile(name, "deep"))).toEqual(["1000", "1000"]);
    },
  );

  it.each(VENUE_NAMES)("%s subscribes each of its channels", (name) => {
    const profile = venueProfile(name);
    const symbols = [symbolIdOfVenue("BTC-USD", profile.venue)];
    for (const channel of profile.channels) {
      expect(profile.subscribe(symbols, [channel])).not.toEqual([]);
      expect(profile.unsubscribe(symbols, [channel])).not.toEqual([]);
    }
  });

  it("of a venue that nobody knows is refused", () => {
    expect(() => venueProfile("mtgox")).toThrow("E_CONFIG_INVALID");
  });
});
