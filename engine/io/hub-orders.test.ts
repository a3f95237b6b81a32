import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { HubOrders } from "./hub-orders.ts";

const TOKEN = "a-token-of-some-length";

const setUp = (token = TOKEN) => {
  const clock = new SimulatedClock();
  const ordered: [number, string][] = [];
  const heard: (string | undefined)[] = [];
  const orders = new HubOrders({
    timers: clock,
    answerMsMax: 1000,
    token,
    order: (id, symbol) => ordered.push([id, symbol]),
  });
  const put = (authorization: string): void =>
    orders.put(authorization, "BTCUSDT.SIM", (error) =>
      heard.push(error?.code),
    );
  return { clock, ordered, heard, orders, put };
};

describe("an operator's order by HTTP", () => {
  it("is passed on with the token, and answered when it was obeyed or refused", () => {
    const { ordered, heard, orders, put } = setUp();
    put(`Bearer ${TOKEN}`);
    put(`bearer ${TOKEN}`);
    expect(ordered).toEqual([
      [1, "BTCUSDT.SIM"],
      [2, "BTCUSDT.SIM"],
    ]);
    orders.answered(2, "E_SYMBOL_UNKNOWN");
    orders.answered(1, undefined);
    orders.answered(1, undefined);
    expect(heard).toEqual(["E_SYMBOL_UNKNOWN", undefined]);
  });

  it.each([
    ["", "E_AUTH_MISSING"],
    ["Bearer wrong", "E_AUTH_INVALID"],
    [TOKEN, "E_AUTH_INVALID"],
    [`Basic ${TOKEN}`, "E_AUTH_INVALID"],
    [`Bearer ${TOKEN} `, "E_AUTH_INVALID"],
  ])("is refused with %j: %s", (authorization, code) => {
    const { ordered, heard, put } = setUp();
    put(authorization);
    expect(heard).toEqual([code]);
    expect(ordered).toEqual([]);
  });

  it("is always refused where no token is set", () => {
    const { ordered, heard, put } = setUp("");
    put("Bearer ");
    put("");
    expect(heard).toEqual(["E_AUTH_DENIED", "E_AUTH_DENIED"]);
    expect(ordered).toEqual([]);
  });

  it("ends with a code at its deadline, and waits in a queue that is bounded", () => {
    const { clock, heard, put } = setUp();
    for (let i = 0; i < 65; i++) put(`Bearer ${TOKEN}`);
    expect(heard).toEqual(["E_LIMIT_QUEUE"]);
    clock.advanceMs(1001);
    expect(heard).toHaveLength(65);
    expect(heard.at(-1)).toBe("E_TIME_DEADLINE");
  });
});
