/** `fusewire doctor`: looks at everything that a run depends on and says what is missing, and what that costs. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { availableParallelism, totalmem } from "node:os";
import { loadLlamaBinding } from "../../workers/llama-binding.ts";
import { loadConfig } from "../config.ts";
import type { Config } from "../config-schema.ts";
import { modelsDir, registryOf } from "../model-runtime.ts";
import {
  CONFIG_HELP,
  CONFIG_OPTIONS,
  EXIT,
  configOverrides,
  explain,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire doctor [flags]

Checks Node, native packages, models, state directory, broker and store, and says what each lack costs.
Exit code 1 when the engine could not run as configured.

${CONFIG_HELP}
      --json            the findings as one JSON array`;

interface Finding {
  readonly check: string;
  /** note: something is off or absent by choice; the engine runs without. */
  readonly state: "ok" | "note" | "broken";
  readonly text: string;
}

const NODE_MIN = [20, 19] as const;
const REACH_MS = 1500;

const nodeFinding = (): Finding => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew =
    major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return {
    check: "node",
    state: isNew ? "ok" : "broken",
    text: `${process.versions.node}${isNew ? "" : `, ${NODE_MIN.join(".")} or later is needed`}`,
  };
};

const machineFinding = (): Finding => ({
  check: "machine",
  state: availableParallelism() >= 2 ? "ok" : "note",
  text: `${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB; ${process.platform} ${process.arch}`,
});

const packageFinding = (name: string, without: string): Finding => {
  try {
    createRequire(import.meta.url)(name);
    return { check: name, state: "ok", text: "loads" };
  } catch {
    return { check: name, state: "broken", text: `does not load: ${without}` };
  }
};

/** See docs/decisions/0004-uwebsockets.md: the package itself only says that it does not load. */
const hubFinding = (): Finding => {
  const report = process.report.getReport() as unknown as {
    header: { glibcVersionRuntime?: string };
  };
  const glibc = report.header.glibcVersionRuntime ?? "none";
  return packageFinding(
    "uWebSockets.js",
    `no page, no WebSocket (its addons for Node 22 and later need glibc 2.38; here: ${glibc})`,
  );
};

const llamaFinding = async (): Promise<Finding> => {
  const check = "node-llama-cpp";
  try {
    await loadLlamaBinding();
    return { check, state: "ok", text: "loads" };
  } catch {
    return {
      check,
      state: "note",
      text: "not installed: the LLaMA lane reports itself absent (npm ci without --omit=optional installs it)",
    };
  }
};

const modelFindings = (config: Config): Finding[] => {
  const registry = registryOf(config);
  const good = registry.entries.map(({ manifest }): Finding => ({
    check: "model",
    state: "ok",
    text: `${manifest.name} ${manifest.version}`,
  }));
  const bad = registry.refusals.map(
    ({ directory, error, detail }): Finding => ({
      check: "model",
      state: "broken",
      text: `${directory}: ${error.code} ${detail}`,
    }),
  );
  if (good.length + bad.length === 0)
    return [
      {
        check: "model",
        state: "broken",
        text: `no models in ${modelsDir(config)}`,
      },
    ];
  return [...good, ...bad];
};

const stateFinding = (dir: string): Finding => {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK);
    return { check: "state", state: "ok", text: `${dir} is writable` };
  } catch (error) {
    return { check: "state", state: "broken", text: explain(error) };
  }
};

const reach = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: REACH_MS });
    const settle = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("timeout", () => settle(false));
  });

const linkFinding = async (
  check: string,
  url: string,
  defaultPort: number,
  absent: string,
): Promise<Finding> => {
  if (url === "") return { check, state: "note", text: absent };
  const { hostname, port } = new URL(url);
  const isOpen = await reach(
    hostname,
    port === "" ? defaultPort : Number(port),
  );
  return {
    check,
    state: isOpen ? "ok" : "broken",
    text: `${hostname}:${port === "" ? defaultPort : port} ${isOpen ? "answers" : "does not answer"}`,
  };
};

export const doctorCommand: Command = {
  name: "doctor",
  summary: "look at everything that a run depends on",
  help,
  async run(args) {
    const { values } = parseFlags(args, {
      ...CONFIG_OPTIONS,
      json: { type: "boolean" },
    });
    const config = loadConfig({
      ...(values.config === undefined ? {} : { file: values.config }),
      flags: configOverrides(values),
    });
    const findings: Finding[] = [
      nodeFinding(),
      machineFinding(),
      hubFinding(),
      packageFinding("onnxruntime-node", "no forecasts, no FinBERT"),
      await llamaFinding(),
      ...modelFindings(config),
      stateFinding(config.state.dir),
      await linkFinding("nats", config.nats.url, 4222, "none: in-process bus"),
      await linkFinding(
        "redis",
        config.redis.url,
        6379,
        "none: state in files",
      ),
    ];
    if (values.json === true) console.log(JSON.stringify(findings));
    else
      for (const { check, state, text } of findings)
        console.log(`${MARKS[state]} ${check.padEnd(18)}${text}`);
    return findings.some(({ state }) => state === "broken")
      ? EXIT.failed
      : EXIT.ok;
  },
};

const MARKS = { ok: "✓", note: "–", broken: "✗" } as const;
