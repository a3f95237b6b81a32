/** `fusewire features export`: one table with labels, or the files that training/ reads, as the ending of `--out` says. */
import { basename } from "node:path";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { inputWindow } from "../features/input-windows.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import { SIMULATED_SYMBOLS } from "../feeds/simulated-symbols.ts";
import { MarketSimulator } from "../feeds/simulator.ts";
import { hash32 } from "../std/random.ts";
import { UsageError, numberFlag, parseFlags } from "./command.ts";
import { exportFeatures } from "./feature-export.ts";
import { exportTable } from "./feature-table-verb.ts";
import type { TableSummary } from "./feature-table-verb.ts";
import { articlesOf } from "./news-file.ts";
import {
  barsOfAll,
  eventsOf,
  eventsOfAll,
  isBarsPath,
} from "./recorded-input.ts";
import { isTablePath } from "./table-file.ts";
import { exportWindows } from "./window-export.ts";

export const EXPORT_FLAGS = {
  set: { type: "string" },
  window: { type: "string" },
  horizons: { type: "string" },
  "barrier-bps": { type: "string" },
  float32: { type: "boolean" },
  leader: { type: "string", multiple: true },
  "leader-symbol": { type: "string" },
  funding: { type: "string" },
  news: { type: "string" },
  constants: { type: "string" },
  out: { type: "string" },
  name: { type: "string" },
  seed: { type: "string" },
  simulate: { type: "string" },
  symbol: { type: "string" },
  "sample-ms": { type: "string" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof EXPORT_FLAGS>>["values"];
type Form = "json" | "text";

export const symbolFlag = (text: string | undefined): SymbolId | undefined =>
  text === undefined ? undefined : symbolId(text);

export const runExport = async (
  paths: readonly string[],
  values: Values,
  form: Form,
): Promise<void> => {
  if (values.out === undefined) throw new UsageError("--out DIR is needed");
  if (values.window !== undefined)
    await toWindows(paths, values, values.window, form);
  else if (isTablePath(values.out))
    await toTable(paths, values, values.out, form);
  else await toFolder(paths, values, values.out, form);
};

/** A window has no sets and no labels, and its steps are its bars'. */
const TABLE_FLAGS = [
  "set",
  "horizons",
  "barrier-bps",
  "float32",
  "leader",
  "leader-symbol",
  "funding",
  "constants",
  "name",
  "seed",
  "simulate",
  "sample-ms",
] as const;

const toWindows = async (
  paths: readonly string[],
  values: Values,
  name: string,
  form: Form,
): Promise<void> => {
  const { out = "", news } = values;
  const foreign = TABLE_FLAGS.find((flag) => values[flag] !== undefined);
  if (foreign !== undefined)
    throw new UsageError(`--${foreign} does not go with --window`);
  if (!out.endsWith(".npy"))
    throw new UsageError("--out X.npy goes with --window");
  if (paths.length === 0) throw new UsageError("a tape or bars are needed");
  const symbol = symbolFlag(values.symbol);
  const summary = await exportWindows({
    window: inputWindow(name),
    events: paths.every(isBarsPath)
      ? await barsOfAll(paths, symbol)
      : eventsOfAll(paths, symbol),
    ...(news === undefined ? {} : { articles: await articlesOf(news) }),
    out,
  });
  const { windows, bars, window, hash } = summary;
  console.log(
    form === "json"
      ? JSON.stringify(summary)
      : `${out}: ${windows} windows of ${bars} bars; ${window} ${hash}`,
  );
};

const sampleMsOf = (values: Values): number =>
  numberFlag("sample-ms", values["sample-ms"], 100, 0);

const toTable = async (
  paths: readonly string[],
  values: Values,
  out: string,
  form: Form,
): Promise<void> => {
  const { funding, news, constants } = values;
  const summary = await exportTable({
    paths,
    sets: values.set?.split(","),
    symbol: symbolFlag(values.symbol),
    sampleMs: sampleMsOf(values),
    horizonsS: values.horizons
      ?.split(",")
      .map((part) => numberFlag("horizons", part, 0, 0.001)),
    barrierBps: numberFlag("barrier-bps", values["barrier-bps"], 5, 0),
    digits: values.float32 === true ? "float32" : "float64",
    out,
    leader: values.leader ?? [],
    leaderSymbol: symbolFlag(values["leader-symbol"]),
    funding,
    news,
    constants,
  });
  console.log(form === "json" ? JSON.stringify(summary) : asText(summary));
};

const asText = (summary: TableSummary): string => {
  const { out, rows, columns, barsLeftOut, missingInputs } = summary;
  return [
    `${out}: ${rows} rows, ${columns} columns`,
    ...(barsLeftOut > 0 ? [`${barsLeftOut} bars left out`] : []),
    ...(missingInputs.length > 0
      ? [`nothing told: ${missingInputs.join(", ")}`]
      : []),
  ].join("; ");
};

/** What one of the files in the folder is made of. */
interface Part {
  readonly symbol: SymbolId;
  readonly name: string;
  readonly events: AsyncIterable<MarketEvent> | Iterable<MarketEvent>;
}

const toFolder = async (
  paths: readonly string[],
  values: Values,
  folder: string,
  form: Form,
): Promise<void> => {
  const parts =
    values.simulate === undefined
      ? [await recordedPart(paths, values)]
      : simulatedParts(values.simulate, values);
  for (const part of parts) {
    const summary = await exportFeatures({
      ...part,
      folder,
      sampleMs: sampleMsOf(values),
    });
    const { rows, bars, gaps, crossed, seconds } = summary;
    console.log(
      form === "json"
        ? JSON.stringify({ name: part.name, ...summary })
        : `${part.name}: ${rows} rows, ${bars} bars, ${gaps} gaps, ${crossed} crossed, ${seconds.toFixed(0)} s`,
    );
  }
};

const recordedPart = async (
  paths: readonly string[],
  values: Values,
): Promise<Part> => {
  const [first] = paths;
  if (first === undefined)
    throw new UsageError("a recording or --simulate SECONDS is needed");
  const symbol = symbolFlag(values.symbol) ?? (await firstSymbol(first));
  return {
    symbol,
    name: values.name ?? basename(first).replace(/\.gz$/, ""),
    events: eventsOfAll(paths, symbol),
  };
};

const firstSymbol = async (path: string): Promise<SymbolId> => {
  for await (const event of eventsOf(path)) return event.symbol;
  throw new UsageError(`${path}: no market event in it`);
};

const simulatedParts = (length: string, values: Values): Part[] => {
  const seconds = numberFlag("simulate", length, 0, 1);
  const seed = values.seed ?? "fusewire";
  const chosen = symbolFlag(values.symbol);
  const all = SIMULATED_SYMBOLS.map(({ symbol }) => symbol);
  const symbols = all.filter((symbol) => symbol === (chosen ?? symbol));
  if (symbols.length === 0)
    throw new UsageError(`--symbol ${chosen}: simulated are ${all.join(", ")}`);
  return symbols.map((symbol) => ({
    symbol,
    name: values.name ?? `${symbol}-${seed}`,
    events: simulated(seed, symbol, seconds),
  }));
};

/** Events of one simulated symbol, for `seconds` of its time. */
function* simulated(
  seed: string,
  symbol: SymbolId,
  seconds: number,
): Generator<MarketEvent> {
  // All symbols move together, so all are simulated, whichever is wanted.
  const simulator = new MarketSimulator({ seed: hash32(seed) });
  for (const { simNs, event } of simulator) {
    if (simNs > seconds * 1e9) return;
    if (!isHeadline(event) && event.symbol === symbol) yield event;
  }
}
