/**
 * Writes what the models are trained on: this engine's own features over a stream of market events, as files for Python.
 *
 * `<name>.features.csv.gz`: a comment line `# <schema> <version> hash=<hex> …`, a header, then a row for each sample and for each change of
 * the mid. Columns: timeNs (monotonic receive time of the event), mid, bid, ask, state (of the book), then every feature by its
 * name, in schema order. The mid stands until the next row, so labels for any horizon can be read off. Numbers have all their digits.
 * `bars/<name>.csv`: openUs,open,high,low,close,volume,vwap,trades: closed 1 s bars.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { SymbolId } from "../domain/symbol.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import type {
  FeatureRow,
  FeatureSamplerOptions,
} from "../features/feature-sampler.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import type { FeedEvent } from "../feeds/feed-event.ts";

export interface ExportOptions extends Partial<
  Omit<FeatureSamplerOptions, "symbol">
> {
  /** Events of other symbols and headlines are left out. */
  readonly symbol: SymbolId;
  readonly events: AsyncIterable<FeedEvent> | Iterable<FeedEvent>;
  readonly folder: string;
  readonly name: string;
}

export interface ExportSummary {
  readonly symbol: SymbolId;
  readonly events: number;
  readonly rows: number;
  readonly bars: number;
  readonly gaps: number;
  readonly crossed: number;
  readonly seconds: number;
  readonly schemaHash: string;
}

export const EXPORT_DEFAULTS = {
  sampleMs: 50,
  sampleOn: "any",
  depthMax: 1000,
} as const satisfies Omit<FeatureSamplerOptions, "symbol">;

export const exportFeatures = async (
  options: ExportOptions,
): Promise<ExportSummary> => {
  const { symbol, folder, name } = options;
  const sampling = { ...EXPORT_DEFAULTS, ...options };
  await mkdir(join(folder, "bars"), { recursive: true });
  const gzip = createGzip();
  const file = gzip.pipe(
    createWriteStream(join(folder, `${name}.features.csv.gz`)),
  );
  const bars = ["openUs,open,high,low,close,volume,vwap,trades"];
  let lines = [
    `# ${MARKET_FEATURES.name} ${MARKET_FEATURES.version} hash=${MARKET_FEATURES.hash} symbol=${symbol} sampleMs=${sampling.sampleMs} sampleOn=${sampling.sampleOn}`,
    HEADER,
  ];
  let rows = 0;
  const sampler = new FeatureSampler(
    {
      symbol,
      sampleMs: sampling.sampleMs,
      sampleOn: sampling.sampleOn,
      depthMax: sampling.depthMax,
      ...(options.sync === undefined ? {} : { sync: options.sync }),
    },
    (row) => {
      lines.push(lineOf(row));
      rows++;
    },
    (bar) =>
      bars.push(
        `${bar.openUs},${bar.open},${bar.high},${bar.low},${bar.close},${bar.volume},${bar.vwap},${bar.trades}`,
      ),
  );
  let events = 0;
  let firstNs = Number.NaN;
  let lastNs = Number.NaN;
  for await (const event of options.events) {
    if (isHeadline(event) || event.symbol !== symbol) continue;
    events++;
    if (events === 1) firstNs = event.receivedNs;
    lastNs = event.receivedNs;
    sampler.onEvent(event);
    if (lines.length < LINES_PER_WRITE) continue;
    const text = lines.join("\n") + "\n";
    lines = [];
    if (!gzip.write(text)) await once(gzip, "drain");
  }
  gzip.end(lines.length > 0 ? lines.join("\n") + "\n" : "");
  await finished(file);
  await writeFile(join(folder, "bars", `${name}.csv`), bars.join("\n") + "\n");
  return {
    symbol,
    events,
    rows,
    bars: bars.length - 1,
    gaps: sampler.sync.counts.gaps,
    crossed: sampler.sync.counts.crossed,
    seconds: events === 0 ? 0 : (lastNs - firstNs) / 1e9,
    schemaHash: MARKET_FEATURES.hash,
  };
};

const LINES_PER_WRITE = 500;

const HEADER = [
  "timeNs,mid,bid,ask,state",
  ...MARKET_FEATURES.features.map((feature) => feature.name),
].join(",");

const lineOf = (row: FeatureRow): string =>
  `${row.receivedNs},${row.mid},${row.bidPrice},${row.askPrice},${row.state},${row.features.join(",")}`;
