/** The chart: candles of the mid with the signal's changes of mind, and the fused probability below. */
import {
  BaselineSeries,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type CandlestickData,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "./lightweight-charts.mjs";
import { byId, make, setText } from "./dom.ts";
import * as format from "./format.ts";
import { isTrusted, midOf, stateOf, type Store } from "./store.ts";
import {
  SIGNAL_CLASSES,
  type HistoryRow,
  type Signal,
  type SignalClass,
} from "./wire.ts";

const SECONDS_MAX = 900;
const MARKERS_MAX = 80;
const INTERVALS_S = [1, 5, 15] as const;

const UP = "#2ebd85";
const DOWN = "#f6465d";

/** A candle with the signal as of its close. */
interface Row {
  second: number;
  open: number;
  high: number;
  low: number;
  close: number;
  probability: number;
  classIndex: number;
}

export class ChartView {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #odds: ISeriesApi<"Baseline">;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  readonly #note = byId("chart-note");
  readonly #legend = byId("chart-legend");
  #symbol = "";
  #decimals = -1;
  /** Seconds, oldest first; of the selected symbol only. */
  #rows: Row[] = [];
  #drawnSeq = 0;
  #shownMarkers = "";
  #intervalS: number = INTERVALS_S[0];
  #loading: AbortController | undefined;

  constructor() {
    this.#chart = createChart(byId("chart"), {
      autoSize: true,
      layout: {
        background: { color: "transparent" },
        textColor: "#7d8896",
        fontSize: 11,
        fontFamily:
          'ui-monospace, "SF Mono", "DejaVu Sans Mono", Consolas, monospace',
        // The credit and the link stand in the footer: the logo brings a style element, which the security policy refuses.
        attributionLogo: false,
        panes: { separatorColor: "#1d242d", enableResize: false },
      },
      grid: {
        vertLines: { color: "#151b22" },
        horzLines: { color: "#151b22" },
      },
      rightPriceScale: { borderColor: "#1d242d" },
      timeScale: {
        borderColor: "#1d242d",
        timeVisible: true,
        secondsVisible: true,
        rightOffset: 6,
        barSpacing: 6,
      },
      crosshair: { mode: 0 },
      localization: {
        timeFormatter: (time: Time) =>
          new Date(Number(time) * 1000).toISOString().slice(11, 19),
      },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      upColor: UP,
      downColor: DOWN,
      wickUpColor: UP,
      wickDownColor: DOWN,
      borderVisible: false,
    });
    this.#odds = this.#chart.addSeries(
      BaselineSeries,
      {
        baseValue: { type: "price", price: 50 },
        topLineColor: UP,
        topFillColor1: "rgba(46, 189, 133, 0.35)",
        topFillColor2: "rgba(46, 189, 133, 0.02)",
        bottomLineColor: DOWN,
        bottomFillColor1: "rgba(246, 70, 93, 0.02)",
        bottomFillColor2: "rgba(246, 70, 93, 0.35)",
        lineWidth: 1,
        priceFormat: {
          type: "custom",
          formatter: (p: number) => `${p.toFixed(1)}%`,
        },
      },
      1,
    );
    this.#odds.createPriceLine({
      price: 50,
      color: "#46505c",
      lineWidth: 1,
      lineStyle: 2,
      axisLabelVisible: false,
    });
    const [top, bottom] = this.#chart.panes();
    top?.setStretchFactor(0.72);
    bottom?.setStretchFactor(0.28);
    this.#markers = createSeriesMarkers(this.#candles, []);
    this.#drawIntervals();
  }

  /** Starts over, empty. */
  begin(symbol: string): void {
    this.#symbol = symbol;
    this.#rows = [];
    this.#decimals = -1;
    this.#drawnSeq = 0;
    this.#setData();
    this.#loading?.abort();
  }

  /** Puts what the engine remembers of the symbol before what has arrived since. */
  async recall(): Promise<void> {
    const symbol = this.#symbol;
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const reply = await fetch(
        `/api/history?symbol=${encodeURIComponent(symbol)}`,
        { signal: loading.signal },
      );
      if (!reply.ok) return;
      const { rows } = (await reply.json()) as { rows: readonly HistoryRow[] };
      if (this.#symbol !== symbol) return;
      const newer = this.#rows.filter(
        ({ second }) => second > (rows.at(-1)?.[0] ?? 0),
      );
      this.#rows = [...rows.map(rowOf), ...newer];
      this.#setData();
      this.#chart.timeScale().scrollToRealTime();
    } catch {
      // The chart then begins with the signals that arrive from now on.
    }
  }

  /** Folds a signal of the selected symbol into its second. */
  take(signal: Signal): void {
    if (signal.symbol !== this.#symbol || signal.book.state !== "LIVE") return;
    const mid = midOf(signal);
    const second = Math.floor(signal.emittedUs / 1e6);
    const classIndex = SIGNAL_CLASSES.indexOf(signal.class);
    const { probability } = signal;
    const last = this.#rows.at(-1);
    if (last === undefined || second > last.second) {
      const row = { open: mid, high: mid, low: mid, close: mid };
      this.#rows.push({ second, ...row, probability, classIndex });
      if (this.#rows.length > SECONDS_MAX) this.#rows.shift();
    } else if (second === last.second) {
      last.high = Math.max(last.high, mid);
      last.low = Math.min(last.low, mid);
      last.close = mid;
      last.probability = probability;
      last.classIndex = classIndex;
    }
  }

  draw(store: Store): void {
    const { view } = store;
    this.#drawNote(store);
    if (view === undefined || view.symbol !== this.#symbol) return;
    if (view.decimals !== this.#decimals) this.#setDecimals(view.decimals);
    if (view.signal.seq === this.#drawnSeq || this.#rows.length === 0) return;
    this.#drawnSeq = view.signal.seq;
    const bars = barsOf(
      this.#rows.slice(-2 * this.#intervalS),
      this.#intervalS,
    );
    for (const row of bars.slice(-1)) {
      this.#candles.update(candleOf(row));
      this.#odds.update({
        time: row.second as UTCTimestamp,
        value: 100 * row.probability,
      });
    }
    this.#drawMarkers();
    this.#drawLegend();
  }

  #setData(): void {
    const bars = barsOf(this.#rows, this.#intervalS);
    this.#candles.setData(bars.map(candleOf));
    this.#odds.setData(
      bars.map(({ second, probability }) => ({
        time: second as UTCTimestamp,
        value: 100 * probability,
      })),
    );
    this.#drawMarkers();
  }

  #setDecimals(decimals: number): void {
    this.#decimals = decimals;
    // A mid lies between two ticks: one decimal more than prices have.
    const precision = Math.min(8, decimals + 1);
    this.#candles.applyOptions({
      priceFormat: { type: "price", precision, minMove: 10 ** -precision },
    });
  }

  #drawMarkers(): void {
    const markers = markersOf(barsOf(this.#rows, this.#intervalS)).slice(
      -MARKERS_MAX,
    );
    // Setting them redraws the whole chart, and most of the time they are the same.
    const shown = markers
      .map(({ time, shape, size }) => `${String(time)} ${shape} ${size ?? 1}`)
      .join();
    if (shown === this.#shownMarkers) return;
    this.#shownMarkers = shown;
    this.#markers.setMarkers(markers);
  }

  #drawLegend(): void {
    const row = this.#rows.at(-1);
    if (row === undefined) return;
    const decimals = Math.min(8, this.#decimals + 1);
    const price = (value: number): string => format.price(value, decimals);
    setText(
      this.#legend,
      `O ${price(row.open)}  H ${price(row.high)}  L ${price(row.low)}  C ${price(row.close)}`,
    );
  }

  #drawNote(store: Store): void {
    const signal = store.view?.signal;
    const isLive = signal !== undefined && isTrusted(store, signal);
    this.#note.hidden = isLive || store.selected === "";
    if (isLive) return;
    const state = stateOf(store);
    setText(this.#note, state === "LIVE" ? "NO SOURCE SPEAKS" : state);
  }

  #drawIntervals(): void {
    const box = byId("intervals");
    const buttons = INTERVALS_S.map((seconds) => {
      const button = make("button", "", [`${seconds}s`]);
      button.addEventListener("click", () => {
        this.#intervalS = seconds;
        mark();
        this.#setData();
        this.#chart.timeScale().scrollToRealTime();
      });
      return { seconds, button };
    });
    const mark = (): void => {
      for (const { seconds, button } of buttons)
        button.ariaPressed = String(seconds === this.#intervalS);
    };
    mark();
    box.append(...buttons.map(({ button }) => button));
  }
}

const rowOf = (row: HistoryRow): Row => {
  const [second, open, high, low, close, probability, classIndex] = row;
  return { second, open, high, low, close, probability, classIndex };
};

const candleOf = (row: Row): CandlestickData => ({
  time: row.second as UTCTimestamp,
  open: row.open,
  high: row.high,
  low: row.low,
  close: row.close,
});

const barsOf = (rows: readonly Row[], intervalS: number): readonly Row[] => {
  if (intervalS === 1) return rows;
  const bars: Row[] = [];
  for (const row of rows) {
    const second = row.second - (row.second % intervalS);
    const last = bars.at(-1);
    if (last?.second === second) {
      last.high = Math.max(last.high, row.high);
      last.low = Math.min(last.low, row.low);
      last.close = row.close;
      last.probability = row.probability;
      last.classIndex = row.classIndex;
    } else bars.push({ ...row, second });
  }
  return bars;
};

const sideOf = (name: SignalClass): "buy" | "sell" | "none" =>
  name.endsWith("BUY") ? "buy" : name.endsWith("SELL") ? "sell" : "none";

/** An arrow where the signal takes a side, and where it becomes strong; falling back to HOLD needs none. */
const markersOf = (rows: readonly Row[]): SeriesMarker<Time>[] => {
  const markers: SeriesMarker<Time>[] = [];
  let side = "none";
  let wasStrong = false;
  for (const { second, classIndex } of rows) {
    const name = SIGNAL_CLASSES[classIndex] ?? "HOLD";
    const now = sideOf(name);
    if (now === "none") continue;
    const isStrong = name.startsWith("STRONG");
    if (now === side && (wasStrong || !isStrong)) continue;
    side = now;
    wasStrong = isStrong;
    markers.push({
      time: second as UTCTimestamp,
      position: now === "buy" ? "belowBar" : "aboveBar",
      shape: now === "buy" ? "arrowUp" : "arrowDown",
      color: now === "buy" ? UP : DOWN,
      size: isStrong ? 1.4 : 0.8,
      ...(isStrong ? { text: now === "buy" ? "BUY" : "SELL" } : {}),
    });
  }
  return markers;
};
