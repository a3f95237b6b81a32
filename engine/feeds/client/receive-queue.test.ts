import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../std/simulated-clock.ts";
import { ReceiveQueue } from "./receive-queue.ts";

const setUp = (turnMax: number, waitingMax: number) => {
  const clock = new SimulatedClock();
  const taken: number[] = [];
  let overflows = 0;
  const queue = new ReceiveQueue<number>({
    timers: clock,
    turnMax,
    waitingMax,
    onItem: (item) => taken.push(item),
    onOverflow: () => overflows++,
  });
  return { clock, queue, taken, overflows: () => overflows };
};

describe("ReceiveQueue", () => {
  it("hands on at once what one turn may take, the rest in order in the next turns", () => {
    const { clock, queue, taken } = setUp(2, 10);
    for (let i = 1; i <= 5; i++) queue.push(i);
    expect(taken).toEqual([1, 2]);
    expect(queue.waiting).toBe(3);
    clock.advanceMs(1);
    expect(taken).toEqual([1, 2, 3, 4, 5]);
    queue.push(6);
    expect(taken.at(-1)).toBe(6);
  });

  it("lets everything go when too much waits, and says so", () => {
    const { clock, queue, taken, overflows } = setUp(1, 2);
    for (let i = 1; i <= 4; i++) queue.push(i);
    expect(overflows()).toBe(1);
    expect(queue.waiting).toBe(0);
    clock.advanceMs(1);
    expect(taken).toEqual([1]);
  });
});
