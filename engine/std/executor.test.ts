import { describe, expect, it } from "vitest";
import { liveExecutor, ManualExecutor } from "./executor.ts";

describe("the live executor", () => {
  it("runs soon before the event loop turns, and after input once it has", async () => {
    const log: string[] = [];
    const executor = liveExecutor();
    executor.schedule(() => log.push("afterIo"), "afterIo");
    executor.schedule(() => log.push("soon"), "soon");
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log).toEqual(["soon"]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(["soon", "afterIo"]);
  });
});

describe("the manual executor", () => {
  it("runs when told to, also what is scheduled meanwhile, in order", () => {
    const log: string[] = [];
    const executor = new ManualExecutor();
    executor.schedule(() => {
      log.push("1");
      executor.schedule(() => log.push("3"));
    });
    executor.schedule(() => log.push("2"));
    expect(executor.runUntilIdle()).toBe(3);
    expect(log).toEqual(["1", "2", "3"]);
    expect(executor.runUntilIdle()).toBe(0);
  });
});
