/** `fusewire tape` as its user meets it, over every recording that there is. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UsageError } from "../engine/cli/command.ts";
import { tapeCommand } from "../engine/cli/tape.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { inspectTape } from "../engine/feeds/tape-inspect.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { INSTALLATION } from "../engine/installation.ts";

const DATA = join(import.meta.dirname, "../../shared/data");
const BARS = join(DATA, "bars");

let folder = "";
let tape = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-tape-cli-"));
  tape = join(folder, "simulated.fwt");
  const writer = await TapeWriter.create(tape, { info: { source: "test" } });
  const simulator = new MarketSimulator({ seed: 2, newsEverySeconds: 1 });
  for (let i = 0; i < 5000; i++) await writer.write(simulator.next().event);
  await writer.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** As a process, for exit codes and what stands on which stream. */
const fusewire = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [INSTALLATION.cliPath, "tape", ...args],
    { encoding: "utf8", env: { PATH: process.env["PATH"] } },
  );
  return { status, stdout, stderr };
};

/** The same command without a process of its own: the exit code and what it printed. */
const run = async (
  ...args: string[]
): Promise<{ status: number; stdout: string }> => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    const status = await tapeCommand.run(args);
    return { status, stdout: log.mock.calls.join("\n") };
  } finally {
    log.mockRestore();
  }
};

const json = (text: string) =>
  JSON.parse(text.trimEnd().split("\n").at(-1)!) as Record<string, unknown>;

describe("fusewire tape", () => {
  it("tells what is on a tape", async () => {
    const { status, stdout } = await run("info", tape);
    expect(status).toBe(0);
    expect(stdout).toContain("tape, version 3, closed, from test");
    expect(stdout).toContain("5000 events");
    expect(stdout).toContain("BTCUSDT.SIM");
    expect(json((await run("info", tape, "--json")).stdout)).toMatchObject({
      events: 5000,
      problems: [],
    });
  });

  it("verifies: 0 for a sound tape, 1 and the code for any other", async () => {
    expect((await run("verify", tape)).status).toBe(0);
    const damaged = join(folder, "damaged.fwt");
    const bytes = readFileSync(tape);
    bytes[5000]! ^= 4;
    writeFileSync(damaged, bytes);
    const { status, stdout } = fusewire("verify", damaged, "--json");
    expect(status).toBe(1);
    expect(json(stdout)["problems"]).toMatchObject([{ code: "E_TAPE_FORMAT" }]);
  });

  it("tells what it could read of a damaged tape, and ends with 1 and the code", () => {
    const damaged = join(folder, "half.fwt");
    const bytes = readFileSync(tape);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(damaged, bytes);
    const { status, stdout, stderr } = fusewire("info", damaged, tape);
    expect(status).toBe(1);
    const read = Number(/^ {2}(\d+) events/m.exec(stdout)?.[1]);
    expect(read).toBeGreaterThan(500);
    expect(read).toBeLessThan(5000);
    expect(stdout).toContain("5000 events");
    expect(stderr).toMatch(/^fusewire: E_TAPE_FORMAT: .*half\.fwt.*checksum/);
    // What a crash has cut off is no damage.
    const torn = join(folder, "torn.fwt");
    writeFileSync(torn, readFileSync(tape).subarray(0, -300));
    const info = fusewire("info", torn);
    expect([info.status, info.stdout]).toEqual([
      0,
      expect.stringContaining("E_TAPE_TORN"),
    ]);
    expect(fusewire("--help").stdout).toMatch(/torn tail[^]*is 0/);
  });

  it("calls no recording sound that has a line which cannot be read", async () => {
    const raw = join(folder, "raw");
    const trade = (id: number): string =>
      `172316125${id}000000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":172316125${id}000,"s":"BTCUSDT","t":${id},"p":"61700.5","q":"0.1","T":172316125${id}000,"m":true}}`;
    writeFileSync(raw, [trade(1), trade(2), "garbage", trade(3)].join("\n"));
    const { status, stdout } = await run("verify", raw, "--json");
    expect(status).toBe(1);
    expect(json(stdout)["problems"]).toMatchObject([
      { code: "E_INPUT_DECODE", count: 1 },
    ]);
  });

  it("looks at the others where one cannot be read at all", () => {
    const newer = join(folder, "newer.fwt");
    const bytes = readFileSync(tape);
    bytes[8] = 9;
    writeFileSync(newer, bytes);
    const empty = join(folder, "empty.fwt");
    writeFileSync(empty, "");
    const files = [newer, empty, join(folder, "absent.fwt"), tape];
    for (const verb of ["info", "verify"]) {
      const { status, stdout, stderr } = fusewire(verb, ...files, "--json");
      expect(status).toBe(1);
      expect(stdout.trimEnd().split("\n")).toHaveLength(4);
      expect(json(stdout)).toMatchObject({ events: 5000, problems: [] });
      expect(stderr.match(/E_TAPE_FORMAT/g)).toHaveLength(3);
      expect(stderr).toContain("version 9 is newer");
    }
  });

  it("cuts a piece that verifies, and never takes a file's place unasked", async () => {
    const out = join(folder, "piece.fwt");
    const args = [
      ...["cut", tape, "--from", "+4", "--to", "+8"],
      ...["--symbols", "BTCUSDT.SIM,ETHUSDT.SIM", "--out", out],
    ];
    expect((await run(...args)).status).toBe(0);
    expect((await run("verify", out)).status).toBe(0);
    const report = json((await run("info", out, "--json")).stdout);
    expect(Object.keys(report["symbols"] as object).sort()).toEqual([
      "BTCUSDT.SIM",
      "ETHUSDT.SIM",
    ]);
    expect(report["seconds"]).toBeLessThanOrEqual(4);
    await expect(run(...args)).rejects.toThrow("E_TAPE_EXISTS");
    expect((await run(...args, "--force")).status).toBe(0);
  });

  it("writes no tape of nothing for a mistyped symbol or time", async () => {
    const out = join(folder, "nothing.fwt");
    for (const choice of [
      ["--symbols", "FOO.BAR"],
      ["--from", "+8", "--to", "+4"],
    ])
      await expect(
        run("cut", tape, ...choice, "--out", out),
      ).rejects.toBeInstanceOf(UsageError);
    expect(existsSync(out)).toBe(false);
  });

  it("converts bars, and says what it cannot know", async () => {
    const file = join(folder, "bars.csv");
    writeFileSync(
      file,
      "ts;o;h;l;c;Vol BTC\n1670893320;1;2;0.5;1;3\n1670893380;1;2;0.5;1;3\n",
    );
    const out = join(folder, "bars.fwt");
    const args = ["convert", file, "--out", out, "--symbol", "BTCUSDT.X1"];
    const asked = fusewire(...args);
    expect([asked.status, asked.stderr]).toEqual([
      1,
      expect.stringContaining("E_BARS_UNCLEAR"),
    ]);
    expect(asked.stderr).toContain("(volume)");
    expect(existsSync(out)).toBe(false);
    await run(...args, "--columns", "volume=Vol BTC");
    expect(json((await run("info", out, "--json")).stdout)).toMatchObject({
      kinds: { bar: 2 },
    });
    await expect(run(...args, "--columns", "price=x")).rejects.toThrow(
      "--columns price",
    );
  });

  it("tells how much of a recording was passed over, and refuses what cannot be written", () => {
    const file = join(folder, "recording.txt");
    const line = (s: number, price: number): string =>
      `17378400${s}0000000000 ${JSON.stringify({ e: "aggTrade", E: 1, s: "BTCUSDT", a: s, p: String(price), q: "1", f: 1, l: 1, T: 1737840000000 + s, m: true })}`;
    writeFileSync(file, `${line(10, 5)}\n${line(11, 5)}\n17378 {"e":\n`);
    const out = join(folder, "recording.fwt");
    const told = fusewire("convert", file, "--out", out);
    expect(told.stderr).toBe(
      `1 malformed, passed over: the first is ${file}, line 3\n`,
    );
    const lost = fusewire("convert", file, "--out", "/nowhere/tape.fwt");
    expect([lost.status, lost.stderr]).toEqual([
      1,
      expect.stringMatching(/^fusewire: E_TAPE_WRITE: .*\n$/),
    ]);
  });

  it.each([
    [[]],
    [["info"]],
    [["burn", "x"]],
    [["cut", "x", "--from", "noon", "--out", "y"]],
    [["convert", "--interval", "1x"]],
  ])("refuses a wrong command line: %j", async (args) => {
    await expect(run(...args)).rejects.toBeInstanceOf(UsageError);
  });
});

const recordings = existsSync(DATA)
  ? ["l2", "raw-ws"].flatMap((of) =>
      readdirSync(join(DATA, of))
        .filter((name) => !name.includes(".http."))
        .map((name) => join(of, name)),
    )
  : [];

/** The order of an event's fields is no part of it. */
const expectSame = async (path: string, other: string): Promise<void> => {
  const second = (await openTape(other))[Symbol.asyncIterator]();
  let events = 0;
  for await (const event of await openTape(path)) {
    const { value } = await second.next();
    if (!isDeepStrictEqual(event, value)) expect(event).toEqual(value);
    events++;
  }
  expect((await second.next()).done).toBe(true);
  expect(events).toBeGreaterThan(50);
};

describe.skipIf(recordings.length === 0)(
  "every recording (skipped where absent)",
  () => {
    it.each(recordings)(
      "converts, verifies clean and has the same events: %s",
      async (name) => {
        const raw = join(DATA, name);
        const out = join(folder, `${name.replaceAll("/", "-")}.fwt`);
        await run("convert", raw, "--out", out);
        const report = await inspectTape(out);
        expect([report.problems, report.malformed]).toEqual([[], 0]);
        await expectSame(out, raw);
      },
      60_000,
    );

    it("replays from the tape to the bytes that the raw file gives", async () => {
      const name = "raw-ws/KRAKEN.ws.50.0.gz";
      const replay = (path: string): unknown => {
        const { stdout } = spawnSync(
          process.execPath,
          [INSTALLATION.cliPath, "replay", path, "--no-llama", "--json"],
          { encoding: "utf8" },
        );
        const { sha256, signals } = json(stdout);
        return { sha256, signals };
      };
      const out = join(folder, "replayed.fwt");
      await run("convert", join(DATA, name), "--out", out);
      const fromTape = replay(out);
      expect(fromTape).toEqual(replay(join(DATA, name)));
      expect(fromTape).toHaveProperty("sha256");
    }, 60_000);

    it.each(existsSync(BARS) ? readdirSync(BARS) : [])(
      "bars convert and verify: %s",
      async (name) => {
        const out = join(folder, `${name}.fwt`);
        const symbol = name.startsWith("lean")
          ? []
          : ["--symbol", "BTC-PERP.X1"];
        await run("convert", join(BARS, name), "--out", out, ...symbol);
        const report = await inspectTape(out);
        expect([report.problems, report.malformed]).toEqual([[], 0]);
        expect(report.kinds["bar"]).toBeGreaterThan(1000);
      },
      60_000,
    );
  },
);
