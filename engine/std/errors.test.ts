import { describe, expect, it } from "vitest";
import { CodedError, ERROR_CODES, toCodedError } from "./errors.ts";

describe("error codes", () => {
  it("follow E_<DOMAIN>_<REASON> and carry a number that is safe as a close code", () => {
    for (const [code, spec] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^E_[A-Z]+(_[A-Z]+)*$/);
      // WebSocket close codes for applications are 4000 to 4999.
      expect(spec.num).toBeGreaterThanOrEqual(400);
      expect(spec.num).toBeLessThan(600);
    }
  });

  it("keep what was thrown out of the body", () => {
    const error = toCodedError(new Error("secret path /etc/x"));
    expect(error.code).toBe("E_INTERNAL");
    expect(JSON.stringify(error.body())).not.toContain("secret");
    expect(error.message).toContain("secret");
  });

  it("name the field and the time to wait where there is one", () => {
    const error = new CodedError("E_LIMIT_QUEUE", {
      field: "symbols",
      retryAfterMs: 20,
    });
    expect(error.body()).toEqual({
      code: "E_LIMIT_QUEUE",
      num: 429,
      retryable: true,
      text: "a queue is full",
      field: "symbols",
      retryAfterMs: 20,
    });
    expect(toCodedError(error)).toBe(error);
  });
});
