import { describe, expect, it } from "vitest";
import { AssertionFailure } from "../engine/std/assert.ts";
import { CodedError } from "../engine/std/errors.ts";
import { decide } from "./decider.ts";

describe("the decider", () => {
  it("keeps the state when one message was bad or a model failed", () => {
    expect(decide(new CodedError("E_INPUT_RANGE"))).toBe("resume");
    expect(decide(new CodedError("E_MODEL_OUTPUT"))).toBe("resume");
    expect(decide(new CodedError("E_DEP_REDIS"))).toBe("resume");
  });

  it("throws the state away when an invariant broke", () => {
    expect(decide(new AssertionFailure("book is sorted"))).toBe("restart");
    expect(decide(new TypeError("null"))).toBe("restart");
    expect(decide("anything")).toBe("restart");
    expect(decide(new CodedError("E_BOOK_GAP"))).toBe("restart");
  });

  it("passes a wrong configuration upwards", () => {
    expect(decide(new CodedError("E_CONFIG_INVALID"))).toBe("escalate");
  });
});
