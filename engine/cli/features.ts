/** `fusewire features ls | schema | doc | export`: what the models see, as a list or as training files. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { FEATURE_SETS, featureSet } from "../features/feature-sets.ts";
import { featuresPage, withFeatures } from "../features/features-page.ts";
import { RawRecording } from "../feeds/raw-recording.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import { SIMULATED_SYMBOLS } from "../feeds/simulated-symbols.ts";
import { MarketSimulator } from "../feeds/simulator.ts";
import { hash32 } from "../std/random.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";
import { estimateMicroprice } from "./microprice-verb.ts";
import { exportFeatures } from "./feature-export.ts";
import { exportTable } from "./feature-table-verb.ts";
import type { TableSummary } from "./feature-table-verb.ts";
import { eventsOfAll } from "./recorded-input.ts";
import { isTablePath } from "./table-file.ts";

const help = `usage: fusewire features ls [--json]
       fusewire features schema [--set NAME] [--json]
       fusewire features doc [--write PAGE]
       fusewire features microprice TAPE… [--symbol S.V]
       fusewire features export FILE… --out X.parquet [--set NAME,…] [--horizons S,…] [--barrier-bps N] [--sample-ms N] [--float32]
           [--symbol S.V] [--leader FILE]… [--leader-symbol S.V] [--funding CSV] [--news JSONL] [--constants JSON]
       fusewire features export RECORDING… --out DIR [--symbol S.V] [--name NAME] [--sample-ms N]
       fusewire features export --simulate SECONDS --out DIR [--seed TEXT] [--symbol S.V] [--sample-ms N]

ls lists the feature sets. schema prints one: number, name, unit, formula, window, and the hash that a model's manifest must carry.
doc prints all sets in Markdown, or writes them into the page's generated part.
microprice estimates the table of the microprice from the books of tapes, as JSON: constants for the manifest of a model of the
microstructure set.
export to a .parquet or .csv file runs the sets that are named over tapes or recordings (any set), or files of bars (bar sets and news), and adds
labels for each horizon: midMove (sign), forwardReturn, tripleBarrier (1 upper, -1 lower, 0 neither first). Labels are NaN where the horizon
passes the end, a gap, or a silence in which the book was out of date. Several files continue one another: one symbol, in order of time.
Beside the table stands X.constants.json: the frozen numbers of its sets, as a model's manifest must state them.
What a set reads besides its own market comes from files of its own; what no file tells is named in the summary, and NaN or neutral.
export to a folder drives book, bars and features over recordings (several continue one another), or over the simulated market, exactly as a symbol's
actor does, and writes the files that training/ reads: NAME.features.csv.gz and bars/NAME.csv. --symbol chooses among simulated symbols; without
it all are exported.

      --out DIR|FILE    where to
      --set NAME,…      market for tapes, bars for bars
      --horizons S,…    seconds ahead of the labels (tapes 1,5,10; bars 1, 5 and 30 bars); whole bars over bars
      --barrier-bps N   distance of the triple barrier (5)
      --float32         store features as 32-bit numbers; times and prices stay double
      --symbol S.V      of a tape with several symbols, or of bars that do not say whose they are
      --leader FILE     tape, or bars, of the symbol that leads this one; again for each further file
      --leader-symbol S.V  of a tape with several
      --funding CSV     time,rate beside bars: a rate stands until the next, 8 h at most (a tape tells its own)
      --news JSONL      a line an article: {"receivedUs","positive","negative","neutral"}, and "publishedUs","headline","source" if known
      --constants JSON  an X.constants.json in place of the sets' own constants
      --sample-ms N     least distance of two rows (100)
      --json            the summary as JSON, one object a symbol`;

const list = (asJson: boolean): number => {
  if (asJson) console.log(JSON.stringify(FEATURE_SETS));
  else
    for (const { name, version, title, features, hash } of FEATURE_SETS)
      console.log(
        `${name.padEnd(16)}v${version}  ${String(features.length).padStart(3)} features  ${hash}  ${title}`,
      );
  return EXIT.ok;
};

const schema = (name: string, asJson: boolean): number => {
  const set = featureSet(name);
  if (asJson) {
    console.log(JSON.stringify(set));
    return EXIT.ok;
  }
  const { version, hash, features } = set;
  console.log(`schema ${name} ${version}, hash ${hash}\n`);
  const width = Math.max(...features.map((feature) => feature.name.length));
  features.forEach(({ name: feature, unit, formula, window }, i) =>
    console.log(
      `${String(i + 1).padStart(3)}  ${feature.padEnd(width)}  [${unit}]  ${formula}  (${window})`,
    ),
  );
  return EXIT.ok;
};

/** Prints the constants that a manifest of a model of the microstructure set may state. */
const microprice = async (
  paths: readonly string[],
  symbol: SymbolId | undefined,
): Promise<number> => {
  if (paths.length === 0) throw new UsageError("a tape is needed");
  console.log(JSON.stringify(await estimateMicroprice(paths, symbol)));
  return EXIT.ok;
};

/** Prints the generated part of docs/features.md, or puts it in its place. */
const doc = (page: string | undefined): number => {
  if (page === undefined) console.log(featuresPage(FEATURE_SETS));
  else
    writeFileSync(page, withFeatures(readFileSync(page, "utf8"), FEATURE_SETS));
  return EXIT.ok;
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

const horizonsOf = (text: string | undefined): number[] | undefined =>
  text?.split(",").map((part) => numberFlag("horizons", part, 0, 0.001));

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

const symbolOf = async (path: string): Promise<SymbolId> => {
  for await (const event of new RawRecording(path)) return event.symbol;
  throw new UsageError(`${path}: no market event in it`);
};

export const featuresCommand: Command = {
  name: "features",
  summary: "list the features, or export them for training",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      json: { type: "boolean" },
      set: { type: "string" },
      write: { type: "string" },
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
    });
    const [verb, ...recordings] = positionals;
    const asJson = values.json === true;
    if (verb === "ls") return list(asJson);
    if (verb === "schema") return schema(values.set ?? "market", asJson);
    if (verb === "doc") return doc(values.write);
    if (verb === "microprice")
      return microprice(
        recordings,
        values.symbol === undefined ? undefined : symbolId(values.symbol),
      );
    if (verb !== "export")
      throw new UsageError("features ls, schema, doc, microprice or export");
    if (values.out === undefined) throw new UsageError("--out DIR is needed");
    const folder = values.out;
    const sampleMs = numberFlag("sample-ms", values["sample-ms"], 100, 0);
    const chosen =
      values.symbol === undefined ? undefined : symbolId(values.symbol);
    if (isTablePath(values.out)) {
      const summary = await exportTable({
        paths: recordings,
        sets: values.set?.split(","),
        symbol: chosen,
        sampleMs,
        horizonsS: horizonsOf(values.horizons),
        barrierBps: numberFlag("barrier-bps", values["barrier-bps"], 5, 0),
        digits: values.float32 === true ? "float32" : "float64",
        out: values.out,
        leader: values.leader ?? [],
        leaderSymbol:
          values["leader-symbol"] === undefined
            ? undefined
            : symbolId(values["leader-symbol"]),
        funding: values.funding,
        news: values.news,
        constants: values.constants,
      });
      console.log(asJson ? JSON.stringify(summary) : asText(summary));
      return EXIT.ok;
    }
    const report = async (
      symbol: SymbolId,
      name: string,
      events: AsyncIterable<MarketEvent> | Iterable<MarketEvent>,
    ): Promise<void> => {
      const summary = await exportFeatures({
        symbol,
        events,
        folder,
        name,
        sampleMs,
      });
      const { rows, bars, gaps, crossed, seconds } = summary;
      console.log(
        values.json === true
          ? JSON.stringify({ name, ...summary })
          : `${name}: ${rows} rows, ${bars} bars, ${gaps} gaps, ${crossed} crossed, ${seconds.toFixed(0)} s`,
      );
    };
    if (values.simulate !== undefined) {
      const seconds = numberFlag("simulate", values.simulate, 0, 1);
      const seed = values.seed ?? "fusewire";
      const symbols =
        chosen === undefined
          ? SIMULATED_SYMBOLS.map(({ symbol }) => symbol)
          : [chosen];
      for (const symbol of symbols)
        await report(
          symbol,
          values.name ?? `${symbol}-${seed}`,
          simulated(seed, symbol, seconds),
        );
      return EXIT.ok;
    }
    const [first] = recordings;
    if (first === undefined)
      throw new UsageError("a recording or --simulate SECONDS is needed");
    const symbol = chosen ?? (await symbolOf(first));
    await report(
      symbol,
      values.name ?? basename(first).replace(/\.gz$/, ""),
      eventsOfAll(recordings, symbol),
    );
    return EXIT.ok;
  },
};
