import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualExecutor } from "../../engine/std/executor.ts";
import { SimulatedClock } from "../../engine/std/simulated-clock.ts";
import { ActorSystem } from "./actor-system.ts";
import { DEFAULT_SUPERVISION } from "./supervisor.ts";

interface Letter {
  readonly sender: number;
  readonly n: number;
  readonly isPoison: boolean;
}

const ACTORS = 4;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      to: fc.nat(ACTORS - 1),
      sender: fc.nat(2),
      isPoison: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant("run" as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
);

describe("any interleaving of tells, runs and time", () => {
  it("keeps each sender's order, loses nothing but poison, and touches no neighbour of a crash", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom("restart" as const, "resume" as const),
        (steps, turnMessagesMax, directive) => {
          const clock = new SimulatedClock();
          const executor = new ManualExecutor();
          const system = new ActorSystem({
            clock,
            timers: clock,
            executor,
            turnBudget: { turnMessagesMax, runMessagesMax: 16 },
            supervision: {
              ...DEFAULT_SUPERVISION,
              decide: () => directive,
              restartBudget: { max: 1_000, withinMs: 10_000 },
            },
          });
          const received: Letter[][] = [];
          const sent: Letter[][] = [];
          const turns: number[] = [];
          const refs = Array.from({ length: ACTORS }, (_, i) => {
            received.push([]);
            sent.push([]);
            let inTurn = 0;
            return system.spawn<Letter>(`a${i}`, {
              create: () => ({
                receive: (letter) => {
                  inTurn++;
                  // Actor 0 alone is poisoned.
                  if (letter.isPoison && i === 0) throw new Error("poison");
                  received[i]!.push(letter);
                },
                turnEnded: () => {
                  turns.push(inTurn);
                  inTurn = 0;
                },
                stopped: () => {
                  inTurn = 0;
                },
              }),
              mailbox: { capacityMax: 1_000, overflow: "reject" },
            });
          });
          for (const [n, what] of steps.entries()) {
            if (what === "run") executor.runUntilIdle();
            else if (typeof what === "number") clock.advanceMs(what);
            else {
              const letter = {
                sender: what.sender,
                n,
                isPoison: what.isPoison,
              };
              expect(refs[what.to]!.tell(letter)).toBe("queued");
              sent[what.to]!.push(letter);
            }
          }
          for (let i = 0; i < steps.length + 10; i++) {
            executor.runUntilIdle();
            clock.advanceMs(5_000);
          }
          executor.runUntilIdle();
          for (let i = 0; i < ACTORS; i++)
            expect(received[i]).toEqual(
              sent[i]!.filter((letter) => i !== 0 || !letter.isPoison),
            );
          expect(Math.max(0, ...turns)).toBeLessThanOrEqual(turnMessagesMax);
          for (const status of system.states())
            expect(status.enqueued).toBe(
              status.processed + status.dropped + status.mailboxSize,
            );
        },
      ),
      { numRuns: 150 },
    );
  });
});
