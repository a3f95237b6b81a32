import { describe, expect, it } from "vitest";
import { isOriginAllowed } from "./hub-origin.ts";

describe("an origin", () => {
  it.each([
    ["", "h:1", [], true],
    ["http://h:1", "h:1", [], true],
    ["http://h:1", "H:1", [], true],
    ["http://h:2", "h:1", [], false],
    ["null", "h:1", [], false],
    ["http://h:1", "h:1", ["https://desk"], false],
    ["https://desk", "h:1", ["https://desk"], true],
    ["https://desk.evil", "h:1", ["https://desk"], false],
    ["https://any", "h:1", ["*"], true],
  ] as const)(
    "%j at host %j with list %j is allowed: %j",
    (origin, host, list, allowed) => {
      expect(isOriginAllowed(origin, host, list)).toBe(allowed);
    },
  );
});
