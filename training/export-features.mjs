/**
 * Writes the features and input windows that the models train on: `npm run build` first, then
 * node training/export-features.mjs --out DIR [--data DIR] [--minutes 30] [--dist dist]
 *
 * With --data: the Binance recordings in DIR/l2. Always: one simulated tape a symbol, each with a seed of its own.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    data: { type: "string" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: "7000" },
    dist: {
      type: "string",
      default: resolve(import.meta.dirname, "../dist"),
    },
  },
});
if (values.out === undefined) throw new Error("--out DIR is missing");
const load = (path) =>
  import(pathToFileURL(resolve(values.dist, "engine", path)).href);
const { exportFeatures } = await load("cli/feature-export.js");
const { exportWindows } = await load("cli/window-export.js");
const { inputWindow } = await load("features/input-windows.js");
const { eventsOfAll } = await load("cli/recorded-input.js");
const { MarketSimulator } = await load("feeds/simulator.js");
const { SIMULATED_SYMBOLS } = await load("feeds/simulated-symbols.js");
const { symbolId } = await load("domain/symbol.js");

const RECORDINGS = [
  {
    name: "binance-spot-btcusdt_20240808-09",
    files: ["binance-spot-btcusdt_20240808", "binance-spot-btcusdt_20240809"],
    symbol: "BTCUSDT.BINANCE",
  },
  {
    name: "binance-usdm-btcusdt_20240808",
    files: ["binance-usdm-btcusdt_20240808"],
    symbol: "BTCUSDT.BINANCEUSDM",
  },
  {
    name: "binance-cm-ethusd_perp_20240808",
    files: ["binance-cm-ethusd_perp_20240808"],
    symbol: "ETHUSD_PERP.BINANCECOINM",
  },
];

const say = (summary) => console.log(JSON.stringify(summary));

/** What the shipped forecaster reads. */
const window = inputWindow("patchtst-1s-64");
const windows = join(values.out, "windows");
mkdirSync(windows, { recursive: true });

/** `events` begins the symbol's events anew. */
const sayAll = async (symbol, events, name) => {
  say(
    await exportFeatures({
      symbol,
      events: events(),
      folder: values.out,
      name,
    }),
  );
  const out = join(windows, `${name}.npy`);
  say(await exportWindows({ window, events: events(), out }));
};

if (values.data !== undefined)
  for (const { name, files, symbol } of RECORDINGS) {
    const id = symbolId(symbol);
    const paths = files.map((file) => join(values.data, "l2", `${file}.gz`));
    await sayAll(id, () => eventsOfAll(paths, id), name);
  }

/** One symbol alone gets the share of the headlines that it would get among all. */
const newsEverySeconds = 20 * SIMULATED_SYMBOLS.length;
const untilNs = Number(values.minutes) * 60e9;
for (const [index, spec] of SIMULATED_SYMBOLS.entries()) {
  const events = function* () {
    const simulator = new MarketSimulator({
      seed: Number(values.seed) + index,
      symbols: [spec],
      newsEverySeconds,
    });
    for (const { simNs, event } of simulator) {
      if (simNs > untilNs) return;
      // A headline moves the price but is no market event.
      if ("text" in event) continue;
      yield event;
    }
  };
  const name = `simulated-${spec.symbol.toLowerCase()}`;
  await sayAll(spec.symbol, events, name);
}
