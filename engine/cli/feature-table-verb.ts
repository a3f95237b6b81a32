/** `fusewire features export … --out x.parquet`: which sets, over what, with which labels. */
import type { SymbolId } from "../domain/symbol.ts";
import type {
  DeclaredSet,
  FeatureInput,
} from "../features/feature-declaration.ts";
import {
  createEventFeatures,
  featureSet,
  GRID_SETS,
} from "../features/feature-sets.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import { CodedError } from "../std/errors.ts";
import { tableOfBars } from "./bar-table.ts";
import { UsageError } from "./command.ts";
import {
  constantsPath,
  readConstants,
  writeConstants,
} from "./constants-file.ts";
import { tableOfEvents } from "./event-table.ts";
import { refuseTwice } from "./feature-table.ts";
import type { FeatureTable } from "./feature-table.ts";
import { fundingOf } from "./funding-file.ts";
import { LeadingTape } from "./leading-tape.ts";
import { articlesOf } from "./news-file.ts";
import {
  UNNAMED,
  barsOfAll,
  eventsOfAll,
  isBarsPath,
} from "./recorded-input.ts";
import { writeTable } from "./table-file.ts";
import type { Digits } from "./table-file.ts";

export interface TableRequest {
  /** Tapes that continue one another, or files of bars that do. */
  readonly paths: readonly string[];
  /** Names; `market` for tapes and `bars` for bars when absent. */
  readonly sets: readonly string[] | undefined;
  readonly symbol: SymbolId | undefined;
  readonly sampleMs: number;
  /** In seconds; 1, 5 and 10 s for tapes, 1, 5 and 30 bars for bars when absent. */
  readonly horizonsS: readonly number[] | undefined;
  readonly barrierBps: number;
  readonly digits: Digits;
  readonly out: string;
  /** Of the leading symbol, as `paths`. */
  readonly leader?: readonly string[];
  readonly leaderSymbol?: SymbolId | undefined;
  /** Files beside the bars; a tape tells its funding itself. */
  readonly funding?: string | undefined;
  readonly news?: string | undefined;
  readonly constants?: string | undefined;
}

export interface TableSummary {
  readonly out: string;
  readonly rows: number;
  readonly columns: number;
  readonly barsLeftOut: number;
  readonly missingInputs: readonly FeatureInput[];
}

const TAPE_HORIZONS_S = [1, 5, 10];

export const exportTable = async (
  request: TableRequest,
): Promise<TableSummary> => {
  const { paths, out, digits } = request;
  if (paths.length === 0) throw new UsageError("a tape or bars are needed");
  refuseTwice("horizons", request.horizonsS ?? []);
  refuseTwice("set", request.sets ?? []);
  const table = paths.every(isBarsPath)
    ? await barsTable(request)
    : await eventsTable(request);
  await writeTable(table, out, digits);
  await writeConstants(constantsPath(out), table.sets);
  const { rows, columns, barsLeftOut, missingInputs } = table;
  return { out, rows, columns: columns.length, barsLeftOut, missingInputs };
};

const barsTable = async (request: TableRequest): Promise<FeatureTable> => {
  const sets = (request.sets ?? ["bars"]).map(barSet);
  const { symbol, horizonsS, barrierBps } = request;
  const bars = await barsOfAll(request.paths, symbol);
  const leader = await leaderBars(request);
  const [first] = bars;
  if (leader !== undefined && leader[0]!.intervalMs !== first!.intervalMs)
    throw new CodedError("E_BARS_FORMAT", {
      field: "leader",
      detail: "its bars are of another length",
    });
  refuseSelf(first!.symbol, leader?.[0]!.symbol);
  return tableOfBars(bars, sets, {
    horizonsS,
    barrierBps,
    ...(leader === undefined ? {} : { leader }),
    ...(request.funding === undefined
      ? {}
      : { funding: await fundingOf(request.funding) }),
    ...(await commonInputs(request)),
  });
};

const barSet = (name: string): DeclaredSet => {
  const set = [...GRID_SETS, NEWS_SET].find(
    (candidate) => candidate.name === name,
  );
  // A set that is not there at all is told as such.
  if (set === undefined)
    throw new UsageError(`${featureSet(name).name}: not a set of bar features`);
  return set;
};

const leaderBars = ({ leader = [], leaderSymbol }: TableRequest) =>
  leader.length === 0
    ? Promise.resolve(undefined)
    : barsOfAll(leader, leaderSymbol);

const eventsTable = async (request: TableRequest): Promise<FeatureTable> => {
  const { paths, symbol, sampleMs, barrierBps } = request;
  if (request.funding !== undefined)
    throw new UsageError("--funding goes with bars: a tape tells its own");
  const sets = (request.sets ?? ["market"]).map(featureSet);
  const common = await commonInputs(request);
  const leader = await leadingTape(request);
  try {
    const table = await tableOfEvents(
      eventsOfAll(paths, symbol),
      sets.map((set) => {
        const constants = common.constants?.get(set.name);
        return createEventFeatures(set, {
          ...(leader === undefined ? {} : { leading: leader.reference }),
          ...(constants === undefined ? {} : { constants }),
        });
      }),
      {
        sampleMs,
        barrierBps,
        horizonsS: request.horizonsS ?? TAPE_HORIZONS_S,
        ...(leader === undefined ? {} : { leader }),
        ...common,
      },
    );
    const { "fusewire.symbol": of, "fusewire.leader": by } = table.metadata;
    refuseSelf(of, by);
    return table;
  } finally {
    await leader?.close();
  }
};

const leadingTape = async ({
  paths,
  leader = [],
  leaderSymbol,
}: TableRequest): Promise<LeadingTape | undefined> => {
  if (leader.length === 0) return undefined;
  const isSameTape = leader.join("\n") === paths.join("\n");
  return LeadingTape.of(
    eventsOfAll(leader, leaderSymbol),
    isSameTape ? "shared" : "wall",
  );
};

const commonInputs = async ({ news, constants }: TableRequest) => ({
  ...(news === undefined ? {} : { articles: await articlesOf(news) }),
  ...(constants === undefined
    ? {}
    : { constants: await readConstants(constants) }),
});

const refuseSelf = (
  symbol: string | undefined,
  leader: string | undefined,
): void => {
  if (symbol !== undefined && symbol === leader && symbol !== UNNAMED)
    throw new CodedError("E_INPUT_RANGE", {
      field: "leader",
      detail: `${symbol} does not lead itself`,
    });
};
