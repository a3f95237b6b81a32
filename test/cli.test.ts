/** The command as its user meets it: exit codes, what it prints, and an orderly end. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INSTALLATION } from "../engine/installation.ts";

const fusewire = (...args: string[]) =>
  spawnSync(process.execPath, [INSTALLATION.cliPath, ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
    timeout: 15_000,
  });

describe("fusewire", () => {
  it("lists its verbs, each with help worth reading", () => {
    const { status, stdout } = fusewire("--help");
    expect(status).toBe(0);
    const verbs = [...stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map((m) => m[1]!);
    expect(verbs).toEqual([
      "run",
      "record",
      "replay",
      "tape",
      "feed",
      "bench",
      "books",
      "models",
      "verify",
      "features",
      "config",
      "doctor",
    ]);
    for (const verb of verbs) {
      const help = fusewire(verb, "--help");
      expect(help.status, verb).toBe(0);
      expect(help.stdout, verb).toContain(`usage: fusewire ${verb}`);
    }
  });

  it("ends a wrong command line with 2 and names what is wrong", () => {
    const unknown = fusewire("rnu");
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      expect.stringContaining("rnu"),
    ]);
    const flag = fusewire("run", "--prot", "1");
    expect([flag.status, flag.stderr]).toEqual([
      2,
      expect.stringContaining("--prot"),
    ]);
  });

  it("ends a wrong configuration with 78 and names every key", () => {
    const { status, stderr } = fusewire(
      ...["config", "check", "--set", "http.prot=1", "--set", "symbols.max=x"],
    );
    expect(status).toBe(78);
    expect(stderr).toContain("E_CONFIG_UNKNOWN http.prot");
    expect(stderr).toContain("E_CONFIG_INVALID symbols.max");
    expect(stderr).not.toContain("    at ");
  });

  it("ends when it cannot start: nothing keeps it alive", () => {
    const folder = mkdtempSync(join(tmpdir(), "fusewire-cli-"));
    const idle = [
      ...["--port", "0", "--state-dir", folder, "--set", "models.llama=false"],
    ];
    try {
      const venue = fusewire("run", "--feed", "venue", ...idle);
      expect([venue.status, venue.signal]).toEqual([78, null]);
      expect(venue.stderr).toContain("E_CONFIG_");
      const taken = join(folder, "taken.tape");
      writeFileSync(taken, "");
      const record = fusewire("record", "--out", taken, ...idle);
      expect([record.status, record.signal]).toEqual([1, null]);
      expect(record.stderr).toContain("E_TAPE_EXISTS");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("masks passwords where it shows the configuration", () => {
    const { stdout } = fusewire(
      ...["config", "check", "--json", "--nats", "nats://a:secret@h:1"],
    );
    expect(stdout).toContain("nats://a:***@h:1");
    expect(stdout).not.toContain("secret");
  });

  it("refuses what is no tape with a code", () => {
    const { status, stderr } = fusewire("replay", INSTALLATION.cliPath);
    expect(status).toBe(1);
    expect(stderr).toContain("E_TAPE_FORMAT");
  });

  it("lists the models that ship, all served", () => {
    const { status, stdout } = fusewire("models", "ls", "--json");
    expect(status).toBe(0);
    const { models } = JSON.parse(stdout) as {
      models: { name: string; state: string }[];
    };
    expect(models.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      "finbert serves",
      "lightgbm-1s serves",
      "lightgbm-5s serves",
      "llama serves",
      "patchtst-1s serves",
    ]);
  });

  it("runs until it is told to stop, and then drains within 5 s with exit code 0", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "fusewire-cli-"));
    const engine = spawn(
      process.execPath,
      [
        INSTALLATION.cliPath,
        ...["run", "--port", "0", "--state-dir", stateDir],
        ...["--set", "models.llama=false", "--symbols", "AAA.SIM,BBB.SIM"],
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const url = await new Promise<string>((resolve) => {
      let printed = "";
      engine.stdout.on("data", (chunk) => {
        printed += String(chunk);
        const address = /http:\S+/.exec(printed);
        if (address !== null) resolve(address[0]);
      });
    });
    const status = (await (await fetch(`${url}api/status`)).json()) as {
      engine: { simulated: boolean };
    };
    expect(status.engine.simulated).toBe(true);
    await expect
      .poll(async () => (await fetch(`${url}health/ready`)).status)
      .toBe(200);

    const toldAt = performance.now();
    const ended = new Promise((resolve) => engine.once("exit", resolve));
    engine.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(5_000);
    rmSync(stateDir, { recursive: true });
  });
});
