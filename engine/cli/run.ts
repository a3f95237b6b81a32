/** `fusewire run`: the engine in the foreground, until it is told to stop. */
import type { Config } from "../config-schema.ts";
import { loadConfig } from "../config.ts";
import { openLog } from "../io/log.ts";
import { startEngine, type Engine } from "../main.ts";
import type { Logger } from "../ports.ts";
import {
  CONFIG_HELP,
  CONFIG_OPTIONS,
  EXIT,
  configOverrides,
  explain,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire run [flags]

Runs the engine. Without a broker it simulates a market of eight symbols and needs nothing else: open the address that it prints.
With --nats it listens to md.v1.> and news.v1.headline, publishes sig.v1.<VENUE>.<SYMBOL> and answers svc.signals.>.
SIGTERM and SIGINT drain and end it with exit code 0; a second one ends it at once.

${CONFIG_HELP}`;

/** A native call that hangs cannot be ended from inside (exit would abort in it): the process ends itself from outside. */
const KILL_AFTER_MS = 8_000;

const announce = (engine: Engine, log: Logger): void => {
  const models = engine.models.map(({ name, version }) => `${name}/${version}`);
  log.info("engine.started", { epoch: engine.epoch, models });
  console.log(
    `fusewire listens at ${engine.url}${engine.simulated ? " (simulated market)" : ""}; ${models.length} models`,
  );
};

const untilStopped = (
  fatal: Promise<unknown>,
  endAfterMs: number | undefined,
): Promise<unknown> =>
  Promise.race([
    fatal,
    new Promise<undefined>((resolve) => {
      const stop = (): void => resolve(undefined);
      process.once("SIGTERM", stop);
      process.once("SIGINT", stop);
      if (endAfterMs !== undefined) setTimeout(stop, endAfterMs);
    }),
  ]);

/** Until it is told to stop, or its time is over; returns the exit code. Throws what its recording lacks: it ran on without, but is not what was asked for. */
export const runEngine = async (
  config: Config,
  endAfterMs?: number,
): Promise<number> => {
  // All of the engine's own timers are unreferenced.
  const keptAlive = setInterval(() => undefined, 60_000);
  const log = openLog({ level: config.log.level });
  try {
    return await runUntilStopped(config, log, endAfterMs);
  } finally {
    log.flush();
    clearInterval(keptAlive);
  }
};

const runUntilStopped = async (
  config: Config,
  log: Logger,
  endAfterMs: number | undefined,
): Promise<number> => {
  let onFatal: (error: unknown) => void = () => undefined;
  const fatal = new Promise<unknown>((resolve) => {
    onFatal = (error) => resolve(error ?? new Error("fatal"));
  });
  const engine = await startEngine({ config, log, onFatal });
  announce(engine, log);
  const error = await untilStopped(fatal, endAfterMs);
  if (error !== undefined) log.error("engine.fatal", { error: explain(error) });
  killIfStuck();
  await engine.stop();
  log.info("engine.stopped");
  const lost = engine.recordingLost();
  if (lost !== undefined) throw lost;
  return error === undefined ? EXIT.ok : EXIT.failed;
};

/** The drain has its time, and a second signal ends it. */
const killIfStuck = (): void => {
  const kill = (): void => void process.kill(process.pid, "SIGKILL");
  setTimeout(kill, KILL_AFTER_MS).unref();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, kill);
};

export const runCommand: Command = {
  name: "run",
  summary: "run the engine",
  help,
  run(args) {
    const { values } = parseFlags(args, CONFIG_OPTIONS);
    return runEngine(
      loadConfig({
        ...(values.config === undefined ? {} : { file: values.config }),
        flags: configOverrides(values),
      }),
    );
  },
};
