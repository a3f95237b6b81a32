/** Whatever happens in whatever order: each request is answered once, the bound holds, and the oldest goes first. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import { SimulatedClock } from "../engine/std/simulated-clock.ts";
import { monoNanos } from "../engine/std/time.ts";
import { predictionOf } from "./answer.ts";
import { Tickets } from "./tickets.ts";
import type { Ticket } from "./tickets.ts";

const QUEUE_MAX = 5;
const BATCH_MAX = 3;
const MODELS = ["a", "b"];

const actions = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("submit" as const),
      model: fc.constantFrom("a", "b", "nobody"),
      deadlineMs: fc.integer({ min: -1, max: 30 }),
    }),
    fc.record({ do: fc.constant("take" as const) }),
    fc.record({ do: fc.constant("answer" as const) }),
    fc.record({ do: fc.constant("crash" as const) }),
    fc.record({
      do: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 10 }),
    }),
  ),
  { maxLength: 60 },
);

const predictionFor = (ticket: Ticket) =>
  predictionOf(
    {
      name: ticket.request.model,
      version: "1",
      family: "lightgbm",
      horizonMs: 1,
      ttlMs: 1,
    } as Parameters<typeof predictionOf>[0],
    ticket.request,
    { probability: 0.5, confidence: 0 },
  );

describe("tickets", () => {
  it("are each answered once, oldest first, within the bound", async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (script) => {
        const clock = new SimulatedClock();
        const answers: number[] = [];
        const running: Ticket[][] = [];
        const tickets = new Tickets(MODELS, {
          queueMax: QUEUE_MAX,
          clock,
          timers: clock,
          onTimeout: () => undefined,
          onMiss: () => undefined,
        });
        const submit = (model: string, deadlineMs: number): void => {
          const id = answers.push(0) - 1;
          const answered = (): number => answers[id]!++;
          tickets.enqueue(
            {
              model,
              symbol: symbolId("BTCUSDT.TEST"),
              input: { kind: "features", values: Float64Array.of(id) },
              basisNs: clock.nowNs(),
              deadlineNs: monoNanos(clock.nowNs() + deadlineMs * 1e6),
            },
            answered,
            answered,
            undefined,
          );
          expect(answers[id]).toBe(0);
        };
        for (const action of script) {
          if (action.do === "submit") submit(action.model, action.deadlineMs);
          else if (action.do === "wait") clock.advanceMs(action.ms);
          else if (action.do === "take") {
            const batch = tickets.nextBatch(() => BATCH_MAX);
            expect(batch.length).toBeLessThanOrEqual(BATCH_MAX);
            for (const [i, ticket] of batch.entries()) {
              expect(ticket.answered).toBe(false);
              expect(ticket.request.model).toBe(batch[0]!.request.model);
              if (i > 0)
                expect(ticket.order).toBeGreaterThan(batch[i - 1]!.order);
            }
            if (batch.length > 0) running.push(batch);
          } else {
            const batch = running.shift() ?? [];
            for (const ticket of batch.toReversed()) {
              if (action.do === "answer")
                tickets.predict(ticket, predictionFor(ticket));
              else if (!ticket.answered && ++ticket.crashes < 2)
                tickets.requeue(ticket);
              else tickets.miss(ticket, "E_MODEL_CRASH");
            }
          }
          // Those that crashed come back to the queue over its bound.
          expect(tickets.waiting).toBeLessThanOrEqual(
            QUEUE_MAX + BATCH_MAX * 20,
          );
          await Promise.resolve();
        }
        tickets.missAll("E_STATE_DRAINING");
        clock.advanceMs(1_000);
        expect(answers.every((count) => count === 1)).toBe(true);
        expect(tickets.pending).toBe(0);
        expect(tickets.waiting).toBe(0);
        expect(tickets.nextBatch(() => BATCH_MAX)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
