import { describe, expect, it } from "vitest";
import { Mailbox } from "./mailbox.ts";

const drained = <M>(mailbox: Mailbox<M>): M[] => {
  const messages: M[] = [];
  while (mailbox.size > 0) messages.push(mailbox.shift());
  return messages;
};

const keyOf = (message: string): string | undefined =>
  message.includes(":") ? message.slice(0, message.indexOf(":")) : undefined;

describe("a mailbox", () => {
  it("refuses what is over its capacity when told to reject", () => {
    const mailbox = new Mailbox<number>({ capacityMax: 2, overflow: "reject" });
    expect([1, 2, 3].map((m) => mailbox.push(m))).toEqual([
      "queued",
      "queued",
      "rejected",
    ]);
    expect(drained(mailbox)).toEqual([1, 2]);
    expect(mailbox.rejected).toBe(1);
  });

  it("gives up the oldest when told to drop it", () => {
    const mailbox = new Mailbox<number>({
      capacityMax: 2,
      overflow: "dropOldest",
    });
    expect([1, 2, 3].map((m) => mailbox.push(m))).toEqual([
      "queued",
      "queued",
      "droppedOldest",
    ]);
    expect(drained(mailbox)).toEqual([2, 3]);
    expect(mailbox.dropped).toBe(1);
  });

  it("conflates in place, so that the newest of a key stands where the first stood", () => {
    const mailbox = new Mailbox<string>({
      capacityMax: 8,
      overflow: "conflate",
      keyOf,
    });
    for (const message of ["a:1", "x", "b:1", "a:2", "a:3"])
      mailbox.push(message);
    expect(drained(mailbox)).toEqual(["a:3", "x", "b:1"]);
    expect(mailbox.conflated).toBe(2);
  });

  it("gives up the oldest keyed message when a conflating mailbox is full, or else refuses", () => {
    const mailbox = new Mailbox<string>({
      capacityMax: 3,
      overflow: "conflate",
      keyOf,
    });
    for (const message of ["x", "a:1", "b:1"]) mailbox.push(message);
    expect(mailbox.push("y")).toBe("droppedOldest");
    expect(mailbox.push("z")).toBe("droppedOldest");
    expect(mailbox.push("w")).toBe("rejected");
    expect(mailbox.push("c:1")).toBe("rejected");
    expect(drained(mailbox)).toEqual(["x", "y", "z"]);
  });

  it("queues a command once and apart from the messages", () => {
    const mailbox = new Mailbox<number>({ capacityMax: 1, overflow: "reject" });
    mailbox.push(1);
    mailbox.pushCommand("stop");
    mailbox.pushCommand("stop");
    mailbox.pushCommand("restart");
    expect(mailbox.size).toBe(1);
    expect(mailbox.commandsQueued).toBe(2);
    expect(mailbox.shiftCommand()).toBe("stop");
    expect(mailbox.shiftCommand()).toBe("restart");
    expect(mailbox.shiftCommand()).toBeUndefined();
  });

  it("carries any value, also undefined", () => {
    const mailbox = new Mailbox<undefined>({
      capacityMax: 1,
      overflow: "reject",
    });
    mailbox.push(undefined);
    expect(mailbox.size).toBe(1);
    expect(drained(mailbox)).toEqual([undefined]);
  });

  it("refuses to be shifted while empty, and to conflate without keys", () => {
    const mailbox = new Mailbox<number>({ capacityMax: 1, overflow: "reject" });
    expect(() => mailbox.shift()).toThrow("only a filled mailbox");
    expect(() => new Mailbox({ capacityMax: 1, overflow: "conflate" })).toThrow(
      "has keys",
    );
  });
});
