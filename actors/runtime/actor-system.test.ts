import { beforeEach, describe, expect, it } from "vitest";
import { ManualExecutor } from "../../engine/std/executor.ts";
import { SimulatedClock } from "../../engine/std/simulated-clock.ts";
import type { Actor, ActorContext, ActorProps, StopReason } from "./actor.ts";
import { ActorSystem } from "./actor-system.ts";
import type { ActorSystemOptions } from "./actor-system.ts";
import type { Directive } from "./directive.ts";
import type { InspectionEvent } from "./inspection.ts";
import { DEFAULT_SUPERVISION } from "./supervisor.ts";

const mailbox = { capacityMax: 1_024, overflow: "reject" } as const;

let clock: SimulatedClock;
let executor: ManualExecutor;
let events: InspectionEvent[];
let log: string[];

beforeEach(() => {
  clock = new SimulatedClock();
  executor = new ManualExecutor();
  events = [];
  log = [];
});

const systemWith = (options: Partial<ActorSystemOptions> = {}): ActorSystem =>
  new ActorSystem({
    clock,
    timers: clock,
    executor,
    onInspect: (event) => events.push(event),
    ...options,
  });

/** Advances in steps so that what a timer schedules runs before the next timer. */
const pass = (ms: number): void => {
  executor.runUntilIdle();
  for (let i = 0; i < ms; i += 5) {
    clock.advanceMs(Math.min(5, ms - i));
    executor.runUntilIdle();
  }
};

const typesOf = (path: string): string[] =>
  events
    .filter((event) => "path" in event && event.path === path)
    .map((event) => event.type);

/** Throws on "boom", writes down all else. */
class Scribe implements Actor<string> {
  readonly #context: ActorContext<string>;

  constructor(context: ActorContext<string>) {
    this.#context = context;
  }

  started(): void {
    log.push(`started ${this.#context.incarnation}`);
  }

  receive(message: string): void {
    if (message === "boom") throw new Error("boom");
    if (message === "stop") this.#context.stop();
    log.push(message);
  }

  turnEnded(): void {
    log.push("|");
  }

  stopped(reason: StopReason): void {
    log.push(`stopped by ${reason}`);
  }
}

const scribe: ActorProps<string> = {
  create: (context) => new Scribe(context),
  mailbox,
};

const deciding = (directive: Directive): Partial<ActorSystemOptions> => ({
  supervision: { ...DEFAULT_SUPERVISION, decide: () => directive },
});

describe("an actor", () => {
  it("receives later, in order, and ends its turn once", () => {
    const ref = systemWith().spawn("a", scribe);
    expect(ref.tell("1")).toBe("queued");
    ref.tell("2");
    expect(log).toEqual([]);
    expect(ref.mailboxSize).toBe(2);
    executor.runUntilIdle();
    expect(log).toEqual(["started 1", "1", "2", "|"]);
    expect(ref.mailboxSize).toBe(0);
  });

  it("receives what it tells itself after what was queued before", () => {
    const system = systemWith();
    const ref = system.spawn<string>("a", {
      create: (context) => ({
        receive: (message) => {
          log.push(message);
          if (message === "1") context.self.tell("again");
        },
      }),
      mailbox,
    });
    ref.tell("1");
    ref.tell("2");
    executor.runUntilIdle();
    expect(log).toEqual(["1", "2", "again"]);
  });

  it("reminds itself after a delay, unless that incarnation is over", () => {
    const system = systemWith();
    const ref = system.spawn<string>("a", {
      create: (context) => ({
        receive: (message) => {
          if (message === "boom") throw new Error("boom");
          log.push(`${message} in ${context.incarnation}`);
          if (message === "wind") context.tellAfter(100, "ring");
          if (message === "unwind") context.tellAfter(100, "ring").cancel();
        },
      }),
      mailbox,
    });
    ref.tell("wind");
    pass(150);
    ref.tell("unwind");
    pass(150);
    ref.tell("wind");
    executor.runUntilIdle();
    ref.tell("boom");
    pass(500);
    expect(log).toEqual(["wind in 1", "ring in 1", "unwind in 1", "wind in 1"]);
    expect(system.states()[0]).toMatchObject({ restarts: 1 });
  });

  it("stops itself, and what was queued behind becomes dead letters", () => {
    const system = systemWith();
    const ref = system.spawn("a", scribe);
    ref.tell("stop");
    ref.tell("never");
    executor.runUntilIdle();
    expect(log).toEqual(["started 1", "stop", "stopped by stop"]);
    expect(ref.tell("too late")).toBe("dead");
    expect(system.deadLetters.list()).toMatchObject([
      { path: "a", reason: "leftover", text: '"never"' },
      { path: "a", reason: "undeliverable", text: '"too late"' },
    ]);
    expect(system.lookup("a")).toBeUndefined();
    expect(system.size).toBe(0);
  });

  it("is passivated when nobody tells it anything, its own reminders aside", () => {
    const system = systemWith();
    const props: ActorProps<string> = {
      create: (context) => ({
        started: () => context.tellAfter(10, "tick"),
        receive: (message) => {
          if (message === "tick") context.tellAfter(10, "tick");
        },
        stopped: (reason) => log.push(reason),
      }),
      mailbox,
      idleMs: 100,
    };
    const ref = system.spawn("a", props);
    for (let i = 0; i < 5; i++) {
      pass(60);
      ref.tell("hello");
    }
    expect(system.size).toBe(1);
    pass(130);
    expect(system.size).toBe(0);
    expect(log).toEqual(["passivate"]);
    expect(typesOf("a")).toEqual(["spawned", "passivated"]);
    expect(ref.tell("hello")).toBe("dead");
    expect(system.spawn("a", props).tell("hello")).toBe("queued");
  });
});

describe("a crash", () => {
  it("costs the message alone when resumed", () => {
    const system = systemWith(deciding("resume"));
    const ref = system.spawn("a", scribe);
    for (const message of ["1", "boom", "2"]) ref.tell(message);
    executor.runUntilIdle();
    expect(log).toEqual(["started 1", "1", "2", "|"]);
    expect(system.deadLetters.list()).toMatchObject([
      { path: "a", reason: "poison", text: '"boom"', count: 1 },
    ]);
  });

  it("restarts with fresh state after the backoff, and keeps the mailbox", () => {
    const system = systemWith();
    const ref = system.spawn("a", scribe);
    for (const message of ["1", "boom", "2"]) ref.tell(message);
    executor.runUntilIdle();
    expect(system.states()).toMatchObject([
      { path: "a", state: "backoff", mailboxSize: 1, lastError: "boom" },
    ]);
    ref.tell("3");
    pass(5);
    expect(log).toEqual(["started 1", "1", "stopped by restart"]);
    pass(5);
    expect(log.slice(3)).toEqual(["started 2", "2", "3", "|"]);
    expect(system.states()).toMatchObject([
      { state: "running", restarts: 1, enqueued: 4, processed: 4 },
    ]);
    expect(typesOf("a")).toEqual([
      "spawned",
      "crashed",
      "backedOff",
      "restarted",
    ]);
  });

  it("is the sixth within ten seconds: quarantine, and one probe at a time after it", () => {
    const system = systemWith({
      supervision: { ...DEFAULT_SUPERVISION, quarantineMs: 1_000 },
    });
    const ref = system.spawn("a", scribe);
    for (let i = 0; i < 6; i++) {
      ref.tell("boom");
      pass(400);
    }
    expect(
      events.flatMap((e) => (e.type === "backedOff" ? [e.delayMs] : [])),
    ).toEqual([10, 20, 40, 80, 160]);
    expect(system.states()).toMatchObject([
      { state: "quarantined", restarts: 5 },
    ]);
    expect(ref.tell("hello")).toBe("dead");
    pass(1_000);
    expect(system.states()).toMatchObject([{ state: "running" }]);
    ref.tell("boom");
    pass(10);
    expect(system.states()).toMatchObject([{ state: "quarantined" }]);
    pass(1_000);
    ref.tell("well");
    pass(11_000);
    ref.tell("boom");
    pass(5);
    expect(system.states()).toMatchObject([{ state: "backoff" }]);
    pass(1_000);
    expect(system.states()).toMatchObject([{ state: "running" }]);
  });

  it("of a thousand equal poison messages costs at most five restarts and one dead letter", () => {
    const system = systemWith();
    const ref = system.spawn("a", scribe);
    for (let i = 0; i < 1_000; i++) ref.tell("boom");
    pass(9_000);
    expect(system.states()).toMatchObject([
      { state: "quarantined", restarts: 5, mailboxSize: 0, dropped: 994 },
    ]);
    const poison = system.deadLetters
      .list()
      .filter((letter) => letter.reason === "poison");
    expect(poison).toMatchObject([{ count: 6 }]);
  });

  it("is told to the inspector with its phase, wherever it comes from", () => {
    const crashing = (phase: string): ActorProps<string> => ({
      create: () => {
        const boom = (at: string): void => {
          if (at === phase) throw new Error(at);
        };
        boom("create");
        return {
          started: () => boom("started"),
          receive: () => boom("receive"),
          turnEnded: () => boom("turnEnded"),
          stopped: () => boom("stopped"),
        };
      },
      mailbox,
    });
    const system = systemWith(deciding("stop"));
    for (const phase of ["create", "started", "receive", "turnEnded"])
      system.spawn(phase, crashing(phase)).tell("x");
    const last = system.spawn("stopped", crashing("stopped"));
    last.tell("x");
    executor.runUntilIdle();
    system.stop();
    expect(
      events.flatMap((e) => (e.type === "crashed" ? [[e.path, e.phase]] : [])),
    ).toEqual(
      ["create", "started", "receive", "turnEnded", "stopped"].map((p) => [
        p,
        p,
      ]),
    );
  });

  it("in create never becomes a hot loop", () => {
    const system = systemWith();
    system.spawn<string>("a", {
      create: () => {
        log.push("try");
        throw new Error("no");
      },
      mailbox,
    });
    pass(9_000);
    expect(log).toHaveLength(6);
    expect(system.states()).toMatchObject([{ state: "quarantined" }]);
  });

  it("in one of a hundred leaves the others all their messages", () => {
    const system = systemWith();
    const received = new Map<string, number[]>();
    const refs = Array.from({ length: 100 }, (_, i) =>
      system.spawn<number>(`s${i}`, {
        create: () => ({
          receive: (n) => {
            if (i === 13 && n % 3 === 0) throw new Error("poison");
            received.set(`s${i}`, [...(received.get(`s${i}`) ?? []), n]);
          },
        }),
        mailbox,
      }),
    );
    const sent = Array.from({ length: 50 }, (_, n) => n);
    for (const n of sent) {
      for (const ref of refs) ref.tell(n);
      pass(1);
    }
    for (const [i, ref] of refs.entries())
      if (i !== 13) expect(received.get(ref.path)).toEqual(sent);
  });
});

describe("a parent", () => {
  const parentOf = (
    supervision: Directive,
    children: string[] = ["x", "y"],
  ): ActorProps<string> => ({
    create: (context) => {
      const refs = new Map(
        children.map((name) => [name, context.spawn(name, scribe)]),
      );
      return {
        receive: (message) => {
          const [name, text] = message.split(" ");
          refs.get(name!)!.tell(text!);
        },
      };
    },
    mailbox,
    supervision: { ...DEFAULT_SUPERVISION, decide: () => supervision },
  });

  it("restarts one child for one crash", () => {
    const system = systemWith();
    const parent = system.spawn("p", parentOf("restart"));
    for (const message of ["x boom", "y 1", "x 2"]) parent.tell(message);
    pass(50);
    expect(system.states()).toMatchObject([
      { path: "p", restarts: 0 },
      { path: "p/x", restarts: 1, processed: 2 },
      { path: "p/y", restarts: 0, processed: 1 },
    ]);
  });

  it("ends its children with it", () => {
    const system = systemWith();
    system.spawn("p", parentOf("restart"));
    executor.runUntilIdle();
    expect(system.size).toBe(3);
    system.stop();
    expect(system.size).toBe(0);
    expect(log.filter((line) => line === "stopped by stop")).toHaveLength(2);
  });

  it("fails itself when it escalates: its children are spawned anew by its next incarnation", () => {
    const system = systemWith();
    const parent = system.spawn("p", parentOf("escalate"));
    parent.tell("x boom");
    executor.runUntilIdle();
    expect(system.states()).toMatchObject([{ path: "p", state: "backoff" }]);
    pass(10);
    parent.tell("x 1");
    pass(10);
    expect(system.states()).toMatchObject([
      { path: "p", restarts: 1 },
      { path: "p/x", restarts: 0, processed: 1 },
      { path: "p/y" },
    ]);
  });

  it("that escalates and is resumed restarts the child alone", () => {
    const system = systemWith(deciding("resume"));
    const parent = system.spawn("p", parentOf("escalate"));
    parent.tell("x boom");
    pass(20);
    expect(system.states()).toMatchObject([
      { path: "p", state: "running", restarts: 0 },
      { path: "p/x", state: "running", restarts: 1 },
      { path: "p/y", restarts: 0 },
    ]);
  });
});

describe("the system", () => {
  it("calls the fatal hook when an error escalates past the root or a supervisor throws", () => {
    const fatal: string[] = [];
    const onFatal = (error: unknown, path: string): void => {
      fatal.push(`${path}: ${String(error)}`);
    };
    systemWith({ ...deciding("escalate"), onFatal })
      .spawn("a", scribe)
      .tell("boom");
    systemWith({
      supervision: {
        ...DEFAULT_SUPERVISION,
        decide: () => {
          throw new Error("decider");
        },
      },
      onFatal,
    })
      .spawn("b", scribe)
      .tell("boom");
    executor.runUntilIdle();
    expect(fatal).toEqual(["a: Error: boom", "b: Error: decider"]);
  });

  it("throws on the executor's stack without a fatal hook, and serves the others still", () => {
    const system = systemWith(deciding("escalate"));
    system.spawn("a", scribe).tell("boom");
    system.spawn("b", scribe).tell("1");
    expect(() => executor.runUntilIdle()).toThrow("boom");
    executor.runUntilIdle();
    expect(log).toContain("1");
  });

  it("gives ready actors their turns round-robin, within the budget", () => {
    const system = systemWith({
      turnBudget: { turnMessagesMax: 2, runMessagesMax: 100 },
    });
    for (const name of ["a", "b"]) {
      const ref = system.spawn<number>(name, {
        create: () => ({
          receive: (n) => log.push(`${name}${n}`),
          turnEnded: () => log.push("|"),
        }),
        mailbox,
      });
      for (let n = 1; n <= 3; n++) ref.tell(n);
    }
    executor.runUntilIdle();
    expect(log.join(" ")).toBe("a1 a2 | b1 b2 | a3 | b3 |");
  });

  it("asks for a later run, after input, once a run's budget is spent", () => {
    const asked: string[] = [];
    const system = systemWith({
      executor: {
        schedule: (run, urgency) => {
          asked.push(urgency);
          executor.schedule(run);
        },
      },
      turnBudget: { turnMessagesMax: 2, runMessagesMax: 4 },
    });
    const ref = system.spawn("a", scribe);
    for (let n = 0; n < 10; n++) ref.tell("x");
    executor.runUntilIdle();
    expect(asked).toEqual(["soon", "afterIo", "afterIo"]);
    expect(log.filter((line) => line === "x")).toHaveLength(10);
  });

  it("drains what is queued, then ends everyone and spawns no more", () => {
    const system = systemWith();
    const ref = system.spawn("a", scribe);
    ref.tell("1");
    system.drain();
    expect(log).toEqual(["started 1", "1", "|", "stopped by drain"]);
    expect(ref.tell("2")).toBe("dead");
    expect(() => system.spawn("b", scribe)).toThrow("E_STATE_DRAINING");
  });

  it("spawns no more than its bound, and no path twice", () => {
    const system = systemWith({ actorsMax: 2 });
    system.spawn("a", scribe);
    expect(() => system.spawn("a", scribe)).toThrow("is free");
    system.spawn("b", scribe);
    expect(() => system.spawn("c", scribe)).toThrow("E_LIMIT_ACTORS");
    expect(system.lookup("a")?.path).toBe("a");
  });
});
