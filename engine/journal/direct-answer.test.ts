import { describe, expect, it } from "vitest";
import { directAnswer } from "./direct-answer.ts";

describe("a direct answer", () => {
  it("is dealt with before the answering call returns", () => {
    const heard: unknown[] = [];
    let answer: (value: number) => void = () => undefined;
    void directAnswer<number>((onValue) => (answer = onValue)).then((value) =>
      heard.push(value),
    );
    answer(5);
    expect(heard).toEqual([5]);
  });

  it("can be awaited like a promise, and fail like one", async () => {
    expect(await directAnswer<number>((onValue) => onValue(5))).toBe(5);
    await expect(
      directAnswer((_onValue, onError) => onError(new Error("no"))),
    ).rejects.toThrow("no");
  });

  it("hands on what its handlers give, and what they throw", async () => {
    const five = directAnswer<number>((onValue) => onValue(5));
    expect(await five.then((value) => value + 1)).toBe(6);
    await expect(
      five.then(() => {
        throw new Error("handler");
      }),
    ).rejects.toThrow("handler");
    const failed = directAnswer<number>((_onValue, onError) =>
      onError(new Error("no")),
    );
    expect(
      await failed.then(
        () => 0,
        () => 7,
      ),
    ).toBe(7);
  });
});
