/** `fusewire features export … --window NAME --out X.npy`: what a sequence model of that window was fed at each closed bar. */
import { rename, rm, writeFile } from "node:fs/promises";
import type { InputWindow } from "../domain/input-window.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import type { Article } from "../features/news-windows.ts";
import { WindowFollower } from "../features/window-follower.ts";
import { CodedError } from "../std/errors.ts";
import { EXPORT_DEFAULTS } from "./feature-export.ts";
import { NpyFile } from "./npy-file.ts";

export interface WindowExport {
  readonly window: InputWindow;
  /** Of one symbol, in order. */
  readonly events: AsyncIterable<MarketEvent> | Iterable<MarketEvent>;
  /** In order of receipt. */
  readonly articles?: readonly Article[];
  readonly out: string;
}

export interface WindowSummary {
  readonly out: string;
  readonly windows: number;
  readonly bars: number;
  readonly window: string;
  readonly hash: string;
}

/** Beside `X.npy`: which window it is of, of which symbol, and the end of each window's last bar. */
export const windowsPath = (out: string): string =>
  out.replace(/\.npy$/, ".windows.json");

/** E_BARS_FORMAT where no window was ever full. What stands under the names before is replaced by both files or stays. */
export const exportWindows = async (
  request: WindowExport,
): Promise<WindowSummary> => {
  const { out, window } = request;
  const partial = {
    values: `${out}.partial`,
    about: `${windowsPath(out)}.partial`,
  };
  try {
    const { windows, bars, about } = await writeWindows(
      request,
      partial.values,
    );
    await writeFile(partial.about, `${JSON.stringify(about)}\n`);
    await rename(partial.values, out);
    await rename(partial.about, windowsPath(out));
    return { out, windows, bars, window: window.name, hash: window.hash };
  } finally {
    for (const path of Object.values(partial)) await rm(path, { force: true });
  }
};

interface Written {
  readonly windows: number;
  readonly bars: number;
  readonly about: object;
}

const writeWindows = async (
  { window, events, articles = [] }: WindowExport,
  path: string,
): Promise<Written> => {
  const { length, channels, intervalMs } = window;
  const file = new NpyFile(path, [length, channels.length]);
  const follower = new WindowFollower(window);
  const endsUs: number[] = [];
  let symbol: SymbolId | undefined;
  let sampler: FeatureSampler | undefined;
  let heard = 0;
  let bars = 0;
  const samplerOf = (of: SymbolId): FeatureSampler =>
    new FeatureSampler(
      { ...EXPORT_DEFAULTS, symbol: of, barsMs: [intervalMs] },
      () => undefined,
      (bar) => {
        if (bar.intervalMs !== intervalMs) return;
        bars++;
        for (; heard < articles.length; heard++) {
          if (articles[heard]!.receivedUs > bar.receivedUs) break;
          follower.onArticle(articles[heard]!);
        }
        follower.onBar(bar);
        const values = follower.copy();
        if (values === undefined) return;
        file.push(values);
        endsUs.push(bar.openUs + intervalMs * 1000);
      },
    );
  try {
    for await (const event of events) {
      symbol ??= event.symbol;
      sampler ??= samplerOf(event.symbol);
      sampler.onEvent(event);
    }
  } finally {
    file.close();
  }
  if (file.rows === 0)
    throw new CodedError("E_BARS_FORMAT", {
      field: "window",
      detail: `${bars} bars of ${intervalMs} ms: no window of ${length} in a row`,
    });
  return {
    windows: file.rows,
    bars,
    about: { format: 1, window, symbol, endsUs },
  };
};
