/** The page: one connection, one store, views drawn from it ten times a second. */
import { CallsView } from "./calls-view.ts";
import { ChartView } from "./chart-view.ts";
import { Connection } from "./connection.ts";
import { EngineView } from "./engine-view.ts";
import { HeadView } from "./head-view.ts";
import { LadderView } from "./ladder-view.ts";
import { SourcesView } from "./sources-view.ts";
import { StatusView } from "./status-view.ts";
import { Store } from "./store.ts";
import { SymbolsView } from "./symbols-view.ts";
import type { Status } from "./wire.ts";

/** As often as numbers can be read; signals come faster. */
const DRAW_MS = 100;
const STATUS_MS = 1000;

const store = new Store();
const list = new SymbolsView((symbol) => select(symbol));
const chart = new ChartView();
const views = [
  new EngineView(),
  list,
  new CallsView((symbol) => select(symbol)),
  new HeadView(),
  chart,
  new LadderView(),
  new SourcesView(),
  new StatusView(),
];

const connection = new Connection(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  {
    onState: (state) => {
      store.connection = state;
    },
    onHello: (epoch, symbols) => {
      store.hello(epoch, symbols);
      if (store.selected === "") return;
      chart.begin(store.selected);
      // What the chart missed while the connection was down, the engine remembers.
      if (symbols.includes(store.selected)) void chart.recall();
    },
    onSignal: (signal) => {
      if (store.take(signal)) chart.take(signal);
    },
    onLadder: (ladder) => {
      store.ladder = ladder;
    },
    onTime: (timeUs) => {
      store.offsetUs = timeUs - Date.now() * 1000;
    },
  },
);

const firstSymbol = (): string => {
  const asked = decodeURIComponent(location.hash.slice(1));
  return asked !== "" ? asked : store.names[0]!;
};

const select = (symbol: string): void => {
  if (symbol === store.selected) return;
  store.selected = symbol;
  store.ladder = undefined;
  history.replaceState(null, "", `#${encodeURIComponent(symbol)}`);
  document.title = `${symbol} · fusewire`;
  connection.watch(symbol);
  chart.begin(symbol);
  if (store.symbols.has(symbol)) void chart.recall();
  list.reveal(symbol);
};

const step = (by: number): void => {
  const { names } = store;
  if (names.length === 0) return;
  const at = names.indexOf(store.selected) + by;
  select(names[(at + names.length) % names.length]!);
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const by =
    event.key === "ArrowDown" || event.key === "j"
      ? 1
      : event.key === "ArrowUp" || event.key === "k"
        ? -1
        : 0;
  if (by === 0) return;
  event.preventDefault();
  step(by);
});

const readStatus = async (): Promise<void> => {
  try {
    const reply = await fetch("/api/status", {
      signal: AbortSignal.timeout(2 * STATUS_MS),
    });
    if (!reply.ok) return;
    store.status = (await reply.json()) as Status;
    store.statusAtMs = performance.now();
  } catch {
    // An engine that is away is told by the connection; the next second asks again.
  }
};

const draw = (): void => {
  if (document.hidden) return;
  if (store.selected === "" && store.symbols.size > 0) select(firstSymbol());
  for (const view of views) view.draw(store);
};

connection.open();
void readStatus();
setInterval(() => void readStatus(), STATUS_MS);
setInterval(() => requestAnimationFrame(draw), DRAW_MS);
