/** `fusewire features ls | export`: what the models see, as a list or as training files. */
import { basename } from "node:path";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { BinanceRecording } from "../feeds/binance-recording.ts";
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
import { concatenated, exportFeatures } from "./feature-export.ts";

const help = `usage: fusewire features ls [--json]
       fusewire features export RECORDING… --out DIR [--symbol S.V] [--name NAME] [--sample-ms N]
       fusewire features export --simulate SECONDS --out DIR [--seed TEXT] [--symbol S.V] [--sample-ms N]

ls prints the feature schema: number, name, unit, formula, and the hash that a model's manifest must carry.
export drives book, bars and features over recordings (several continue one another), or over the simulated market, exactly as a symbol's
actor does, and writes the files that training/ reads: NAME.features.csv.gz and bars/NAME.csv. --symbol chooses among simulated symbols; without
it all are exported.

      --out DIR         where to
      --sample-ms N     least distance of two rows (100)
      --json            the summary as JSON, one object a symbol`;

const list = (asJson: boolean): number => {
  if (asJson) console.log(JSON.stringify(MARKET_FEATURES));
  else {
    const { name, version, hash, features } = MARKET_FEATURES;
    console.log(`schema ${name} ${version}, hash ${hash}\n`);
    const width = Math.max(...features.map((feature) => feature.name.length));
    features.forEach(({ name: feature, unit, formula }, i) =>
      console.log(
        `${String(i + 1).padStart(3)}  ${feature.padEnd(width)}  [${unit}]  ${formula}`,
      ),
    );
  }
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

const symbolOf = async (path: string): Promise<SymbolId> => {
  for await (const event of new BinanceRecording(path)) return event.symbol;
  throw new UsageError(`${path}: no market event in it`);
};

export const featuresCommand: Command = {
  name: "features",
  summary: "list the features, or export them for training",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      json: { type: "boolean" },
      out: { type: "string" },
      name: { type: "string" },
      seed: { type: "string" },
      simulate: { type: "string" },
      symbol: { type: "string" },
      "sample-ms": { type: "string" },
    });
    const [verb, ...recordings] = positionals;
    if (verb === "ls") return list(values.json === true);
    if (verb !== "export") throw new UsageError("features ls or export");
    if (values.out === undefined) throw new UsageError("--out DIR is needed");
    const folder = values.out;
    const sampleMs = numberFlag("sample-ms", values["sample-ms"], 100, 0);
    const chosen =
      values.symbol === undefined ? undefined : symbolId(values.symbol);
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
      concatenated(recordings.map((path) => new BinanceRecording(path))),
    );
    return EXIT.ok;
  },
};
