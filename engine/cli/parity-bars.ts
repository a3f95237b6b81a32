/** What a parity check of features of bars and news is made of: recorded bars, and what is drawn beside them. */
import type { Bar } from "../domain/market-event.ts";
import { BAR_INPUTS } from "../features/bar-inputs.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { NEWS_SET, NewsWindows } from "../features/news-windows.ts";
import type { Article } from "../features/news-windows.ts";
import { CodedError } from "../std/errors.ts";
import { setsOfBars } from "./bar-sets.ts";
import { ArticleDraw, BesideDraw, withSides } from "./parity-beside.ts";
import type { ParityTask } from "./verify-parity.ts";

const BAR_COLUMNS = [
  "interval",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "buyVolume",
  "sellVolume",
] as const;
const BESIDE = BAR_INPUTS.slice(BAR_INPUTS.indexOf("bidPrice"));

const ARTICLE_COLUMNS = [
  "publishedUs",
  "receivedUs",
  "positive",
  "negative",
  "neutral",
] as const;

/** Sets in the order of the engine's list; frames are left out where the bars are not minutes. */
export const barsTask = (
  wanted: readonly DeclaredSet[],
  recorded: readonly Bar[],
): ParityTask => {
  const bars = withSides(recorded);
  const intervalMs = bars[0]?.intervalMs;
  if (intervalMs === undefined)
    throw new CodedError("E_INPUT_SCHEMA", { detail: "no bars" });
  const sets = setsOfBars(wanted, bars);
  const { values, beside, articles } = runEngine(sets, bars, intervalMs);
  return {
    sets,
    values,
    settings: {
      barColumns: BAR_COLUMNS,
      gridColumns: BESIDE,
      articleColumns: ARTICLE_COLUMNS,
      intervalMs,
    },
    matrices: {
      bars: bars.flatMap((bar) => [
        bar.openUs / (intervalMs * 1000),
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.buyVolume ?? NaN,
        bar.sellVolume ?? NaN,
      ]),
      grid: beside,
      articles: articles.flatMap((article) =>
        ARTICLE_COLUMNS.map((name) => article[name]),
      ),
    },
  };
};

interface EngineRun {
  /** Row by row of the grid. */
  readonly values: readonly number[];
  readonly beside: readonly number[];
  readonly articles: readonly Article[];
}

/** The engine over the bars and what is drawn beside them. */
const runEngine = (
  sets: readonly DeclaredSet[],
  bars: readonly Bar[],
  intervalMs: number,
): EngineRun => {
  const beside: number[] = [];
  const values: number[] = [];
  const articles: Article[] = [];
  const draw = new BesideDraw();
  const articleDraw = new ArticleDraw();
  const news = new NewsWindows();
  const mood = new Float64Array(
    sets.includes(NEWS_SET) ? NEWS_SET.features.length : 0,
  );
  const features = new GridFeatures(
    {
      sets: sets.filter((set) => set !== NEWS_SET),
      intervalMs,
      fillMax: GRID_FILL_MAX,
    },
    ({ openUs, close }) => {
      const closeUs = openUs + intervalMs * 1000;
      for (const article of articleDraw.within(openUs, closeUs)) {
        articles.push(article);
        news.onArticle(article);
      }
      if (mood.length > 0) news.write(closeUs, mood, 0);
      beside.push(...features.run.inputs.slice(-BESIDE.length));
      values.push(...features.values, ...mood);
      draw.next(features, close);
    },
  );
  draw.next(features, bars[0]!.close);
  for (const bar of bars) features.onBar(bar);
  if (features.grid.rows === 0)
    throw new CodedError("E_BARS_FORMAT", {
      detail: "no bar has a volume: these are quotes, or nothing traded",
    });
  if (features.grid.restarts > 0)
    throw new CodedError("E_INPUT_SCHEMA", {
      detail: `a hole of more than ${GRID_FILL_MAX} bars`,
    });
  return { values, beside, articles };
};
