import { describe, expect, it } from "vitest";
import { CodedError } from "../std/errors.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { HubQuestions } from "./hub-questions.ts";

const setUp = () => {
  const clock = new SimulatedClock();
  const asked: number[] = [];
  const heard: string[] = [];
  const questions = new HubQuestions({
    clock,
    timers: clock,
    answerMsMax: 1000,
    answerReuseMs: 400,
    ask: (id) => asked.push(id),
  });
  const put = (): void =>
    questions.put("metrics", (answer) =>
      heard.push(answer instanceof CodedError ? answer.code : answer),
    );
  return { clock, asked, heard, questions, put };
};

describe("a question to the engine's thread", () => {
  it("is asked once for all who wait, and its answer is reused for a while", () => {
    const { clock, asked, heard, questions, put } = setUp();
    put();
    put();
    expect(asked).toEqual([1]);
    questions.answered(1, "a");
    put();
    expect(heard).toEqual(["a", "a", "a"]);
    clock.advanceMs(500);
    put();
    expect(asked).toEqual([1, 2]);
  });

  it("ends with a code at its deadline, and ignores an answer that comes later", () => {
    const { clock, asked, heard, questions, put } = setUp();
    put();
    clock.advanceMs(1001);
    expect(heard).toEqual(["E_TIME_DEADLINE"]);
    put();
    questions.answered(1, "late");
    expect(heard).toEqual(["E_TIME_DEADLINE"]);
    questions.answered(2, "b");
    expect(heard).toEqual(["E_TIME_DEADLINE", "b"]);
    expect(asked).toEqual([1, 2]);
    clock.advanceMs(1001);
    expect(heard).toHaveLength(2);
  });

  it("ends with a code when there is no answer", () => {
    const { heard, questions, put } = setUp();
    put();
    questions.answered(1, undefined);
    expect(heard).toEqual(["E_INTERNAL"]);
  });

  it("has room for only so many who wait", () => {
    const { heard, put } = setUp();
    for (let i = 0; i < 300; i++) put();
    expect(heard).toEqual(new Array(44).fill("E_LIMIT_QUEUE"));
  });
});
