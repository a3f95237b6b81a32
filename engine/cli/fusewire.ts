#!/usr/bin/env node
/** The command `fusewire`: finds the verb, runs it, turns errors into exit codes. */
import { ConfigError } from "../config.ts";
import { INSTALLATION } from "../installation.ts";
import { keepObjectsYoung } from "../io/young-objects.ts";
import { CodedError } from "../std/errors.ts";
import { EXIT, UsageError, explain, type Command } from "./command.ts";

/** Loaded on demand: `--help` must not wait for a model runtime. */
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.ts")).runCommand,
  record: async () => (await import("./record.ts")).recordCommand,
  replay: async () => (await import("./replay.ts")).replayCommand,
  tape: async () => (await import("./tape.ts")).tapeCommand,
  feed: async () => (await import("./feed.ts")).feedCommand,
  bench: async () => (await import("./bench.ts")).benchCommand,
  books: async () => (await import("./books.ts")).booksCommand,
  models: async () => (await import("./models.ts")).modelsCommand,
  verify: async () => (await import("./verify.ts")).verifyCommand,
  features: async () => (await import("./features.ts")).featuresCommand,
  config: async () => (await import("./config.ts")).configCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
};

const overview = async (): Promise<string> => {
  const commands = await Promise.all(
    Object.values(VERBS).map((load) => load()),
  );
  const lines = commands.map(
    ({ name, summary }) => `  ${name.padEnd(10)}${summary}`,
  );
  return `fusewire ${INSTALLATION.version}: from order books to fused signals

usage: fusewire <verb> [flags]

${lines.join("\n")}

fusewire <verb> --help explains one. First steps: fusewire run, then open the address that it prints.`;
};

const main = async (args: readonly string[]): Promise<number> => {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === "help" || verb === "--help") {
    console.log(await overview());
    return verb === undefined ? EXIT.usage : EXIT.ok;
  }
  if (verb === "--version" || verb === "version") {
    console.log(INSTALLATION.version);
    return EXIT.ok;
  }
  const load = VERBS[verb];
  if (load === undefined)
    throw new UsageError(`${verb}: no such verb (fusewire --help lists them)`);
  const command = await load();
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(command.help);
    return EXIT.ok;
  }
  return command.run(rest);
};

const fail = (error: unknown): number => {
  if (error instanceof ConfigError) {
    for (const { code, key, text } of error.problems)
      console.error(`fusewire: ${code} ${key}: ${text}`);
    return EXIT.config;
  }
  console.error(`fusewire: ${explain(error)}`);
  if (error instanceof UsageError) return EXIT.usage;
  const isConfig =
    error instanceof CodedError && error.code.startsWith("E_CONFIG_");
  return isConfig ? EXIT.config : EXIT.failed;
};

keepObjectsYoung();

// A closed pipe (fusewire … | head) is an end, not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2)).catch(fail);
