import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mailbox } from "./mailbox.ts";
import type { Overflow } from "./mailbox.ts";

interface Message {
  readonly id: number;
  readonly key: string | undefined;
}

/** The mailbox as one would explain it: a plain list. */
class Model {
  readonly queue: Message[] = [];
  readonly #capacityMax: number;
  readonly #overflow: Overflow;

  constructor(capacityMax: number, overflow: Overflow) {
    this.#capacityMax = capacityMax;
    this.#overflow = overflow;
  }

  push(message: Message): string {
    const conflates = this.#overflow === "conflate";
    if (conflates && message.key !== undefined) {
      const at = this.queue.findIndex((m) => m.key === message.key);
      if (at >= 0) {
        this.queue[at] = message;
        return "conflated";
      }
    }
    if (this.queue.length < this.#capacityMax) {
      this.queue.push(message);
      return "queued";
    }
    const victim = conflates
      ? this.queue.findIndex((m) => m.key !== undefined)
      : 0;
    if (this.#overflow === "reject" || victim < 0) return "rejected";
    this.queue.splice(victim, 1);
    this.queue.push(message);
    return "droppedOldest";
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "d", "none") },
  { weight: 2, arbitrary: fc.constant("shift") },
);

describe("any sequence of pushes and shifts", () => {
  it("leaves the mailbox as the plain list, and its counters add up", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom<Overflow>("reject", "dropOldest", "conflate"),
        fc.array(step, { maxLength: 400 }),
        (capacityMax, overflow, steps) => {
          const mailbox = new Mailbox<Message>({
            capacityMax,
            overflow,
            keyOf: (m) => m.key,
          });
          const model = new Model(capacityMax, overflow);
          let told = 0;
          let received = 0;
          for (const [id, what] of steps.entries()) {
            if (what === "shift") {
              if (model.queue.length === 0) continue;
              expect(mailbox.shift()).toBe(model.queue.shift());
              received++;
            } else {
              const message = { id, key: what === "none" ? undefined : what };
              expect(mailbox.push(message)).toBe(model.push(message));
              told++;
            }
            expect(mailbox.size).toBe(model.queue.length);
            expect(mailbox.size).toBeLessThanOrEqual(capacityMax);
          }
          const { enqueued, dropped, conflated, rejected } = mailbox;
          expect(enqueued).toBe(received + dropped + mailbox.size);
          expect(told).toBe(enqueued + conflated + rejected);
          while (mailbox.size > 0)
            expect(mailbox.shift()).toBe(model.queue.shift());
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps the index of keys bounded however many keys there are", () => {
    const mailbox = new Mailbox<string>({
      capacityMax: 4,
      overflow: "conflate",
      keyOf: (m) => m,
    });
    for (let i = 0; i < 1_000; i++) mailbox.push(`key ${i}`);
    expect(mailbox.push("key 999")).toBe("conflated");
    expect(mailbox.push("key 996")).toBe("conflated");
    expect(mailbox.push("key 1")).toBe("droppedOldest");
    expect(mailbox.size).toBe(4);
  });
});
