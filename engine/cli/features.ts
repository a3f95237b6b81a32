/** `fusewire features ls | schema | doc | export`: what the models see, as a list or as training files. */
import { readFileSync, writeFileSync } from "node:fs";
import type { SymbolId } from "../domain/symbol.ts";
import { FEATURE_SETS, featureSet } from "../features/feature-sets.ts";
import { INPUT_WINDOWS } from "../features/input-windows.ts";
import { MICROSTRUCTURE_SET } from "../features/microstructure-set.ts";
import { featuresPage, withFeatures } from "../features/features-page.ts";
import { EXIT, UsageError, parseFlags, type Command } from "./command.ts";
import { EXPORT_FLAGS, runExport, symbolFlag } from "./export-verb.ts";
import { constantsOf } from "./constants-file.ts";
import { estimateMicroprice } from "./microprice-verb.ts";

const help = `usage: fusewire features ls [--json]
       fusewire features windows [--json]
       fusewire features schema [--set NAME] [--json]
       fusewire features doc [--write PAGE]
       fusewire features microprice TAPE… [--symbol S.V]
       fusewire features export FILE… --out X.parquet [--set NAME,…] [--horizons S,…] [--barrier-bps N] [--sample-ms N] [--float32]
           [--symbol S.V] [--leader FILE]… [--leader-symbol S.V] [--funding CSV] [--news JSONL] [--constants JSON]
       fusewire features export FILE… --window NAME --out X.npy [--symbol S.V] [--news JSONL]
       fusewire features export RECORDING… --out DIR [--symbol S.V] [--name NAME] [--sample-ms N]
       fusewire features export --simulate SECONDS --out DIR [--seed TEXT] [--symbol S.V] [--sample-ms N]

ls lists the feature sets, windows the input windows of sequence models. schema prints one: number, name, unit, formula, window, and the hash that a model's manifest must carry.
doc prints all sets in Markdown, or writes them into the page's generated part.
microprice estimates the table of the microprice from the books of tapes, as JSON: constants for the manifest of a model of the
microstructure set.
export to a .parquet or .csv file runs the sets that are named over tapes or recordings (any set), or files of bars (bar sets and news), and adds
labels for each horizon: midMove (sign), forwardReturn, tripleBarrier (1 upper, -1 lower, 0 neither first). Labels are NaN where the horizon
passes the end, a gap, or a silence in which the book was out of date. Several files continue one another: one symbol, in order of time.
Beside the table stands X.constants.json: the frozen numbers of its sets, as a model's manifest must state them.
What a set reads besides its own market comes from files of its own; what no file tells is named in the summary, and NaN or neutral.
export to a .npy file runs an input window over tapes or files of bars, as a symbol's actor does: float32 [windows, length, channels], one at each
closed bar from the first full one on, raw; beside it X.windows.json says which window (as a manifest must), which symbol, and when each ends.
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

const windows = (asJson: boolean): number => {
  if (asJson) console.log(JSON.stringify(INPUT_WINDOWS));
  else
    for (const { name, intervalMs, length, channels, hash } of INPUT_WINDOWS)
      console.log(
        `${name.padEnd(16)}${String(length).padStart(4)} bars of ${intervalMs} ms  ${hash}  ${channels.join(", ")}`,
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

/** Prints a file of constants: for a manifest of a model of the microstructure set, and for an export of its features. */
const microprice = async (
  paths: readonly string[],
  symbol: SymbolId | undefined,
): Promise<number> => {
  if (paths.length === 0) throw new UsageError("a tape is needed");
  const { updates, constants } = await estimateMicroprice(paths, symbol);
  const file = constantsOf([{ set: MICROSTRUCTURE_SET, constants }]);
  console.log(JSON.stringify({ ...file, updates }));
  return EXIT.ok;
};

/** Prints the generated part of docs/features.md, or puts it in its place. */
const doc = (page: string | undefined): number => {
  if (page === undefined) console.log(featuresPage(FEATURE_SETS));
  else
    writeFileSync(page, withFeatures(readFileSync(page, "utf8"), FEATURE_SETS));
  return EXIT.ok;
};

export const featuresCommand: Command = {
  name: "features",
  summary: "list the features, or export them for training",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      ...EXPORT_FLAGS,
      json: { type: "boolean" },
      write: { type: "string" },
    });
    const [verb, ...paths] = positionals;
    const asJson = values.json === true;
    switch (verb) {
      case "ls":
        return list(asJson);
      case "windows":
        return windows(asJson);
      case "schema":
        return schema(values.set ?? "market", asJson);
      case "doc":
        return doc(values.write);
      case "microprice":
        return microprice(paths, symbolFlag(values.symbol));
      case "export":
        await runExport(paths, values, asJson ? "json" : "text");
        return EXIT.ok;
      default:
        throw new UsageError(
          "features ls, windows, schema, doc, microprice or export",
        );
    }
  },
};
