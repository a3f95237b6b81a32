import { describe, expect, it } from "vitest";
import { HubSubscriptions } from "./hub-subscriptions.ts";

const heard = (subscriptions: HubSubscriptions<string>, symbol: string) => {
  const sockets: string[] = [];
  subscriptions.forEachOf(symbol, (socket) => sockets.push(socket));
  return sockets;
};

describe("subscriptions", () => {
  it("reach each socket once, by name or by wildcard", () => {
    const subscriptions = new HubSubscriptions<string>(10);
    subscriptions.add("a", ["X.V", "*"]);
    subscriptions.add("b", ["X.V"]);
    subscriptions.add("c", ["Y.V"]);
    expect(heard(subscriptions, "X.V")).toEqual(["a", "b"]);
    expect(heard(subscriptions, "Y.V")).toEqual(["a", "c"]);
    subscriptions.remove("a", ["*"]);
    expect(heard(subscriptions, "X.V")).toEqual(["a", "b"]);
    expect(heard(subscriptions, "Y.V")).toEqual(["c"]);
    subscriptions.removeAll("b");
    expect(heard(subscriptions, "X.V")).toEqual(["a"]);
    expect(subscriptions.wants("a", "X.V")).toBe(true);
    expect(subscriptions.wants("b", "X.V")).toBe(false);
  });

  it("are all made or, over the limit, none", () => {
    const subscriptions = new HubSubscriptions<string>(2);
    subscriptions.add("a", ["X.V", "X.V"]);
    expect(() => subscriptions.add("a", ["Y.V", "Z.V"])).toThrow(
      "E_LIMIT_SUBS",
    );
    expect(heard(subscriptions, "Y.V")).toEqual([]);
    subscriptions.add("a", ["Y.V", "X.V"]);
    expect(heard(subscriptions, "Y.V")).toEqual(["a"]);
  });
});
