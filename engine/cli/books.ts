/** `fusewire books`: how the books of a running engine are, and the order to sync one anew, over NATS. */
import { loadConfig } from "../config.ts";
import { NatsLink } from "../io/nats-link.ts";
import { natsLinkOptions } from "../links.ts";
import { requestedSymbol } from "../wire/api.ts";
import type { SymbolInfo, SymbolsReply } from "../wire/operator-api.ts";
import { SERVICE_SUBJECTS } from "../wire/subjects.ts";
import {
  CONFIG_OPTIONS,
  configOverrides,
  EXIT,
  parseFlags,
  UsageError,
  type Command,
} from "./command.ts";
import { askService } from "./service-request.ts";

const help = `usage: fusewire books ls [--not-live] [--json] --nats URL
       fusewire books resync SYMBOL --nats URL

ls lists every symbol of the engine on this broker with the state of its book: why it is so and for how long, gaps and snapshots asked for,
the last error, best prices, funding and open interest. resync voids one book and asks its feed for a snapshot: SYMBOL.VENUE.
Needs a user that may publish on svc.signals.> (nats.conf: operator; a client may only list).

      --nats URL        nats://operator:password@host:port
      --not-live        only books that are not LIVE
      --json            one JSON object
      --config FILE     configuration with nats.url and nats.tlsCaFile`;

const CONNECT_MS = 5_000;

const allSymbols = async (link: NatsLink): Promise<SymbolsReply> => {
  const symbols: SymbolInfo[] = [];
  for (;;) {
    const after = symbols.at(-1)?.symbol;
    const page = (await askService(
      link,
      SERVICE_SUBJECTS.symbols,
      after === undefined ? {} : { after },
    )) as SymbolsReply;
    symbols.push(...page.symbols);
    if (page.symbols.length === 0 || symbols.length >= page.total)
      return { ...page, symbols };
  }
};

const TITLES = [
  "symbol",
  "state",
  "reason",
  "for",
  "gaps",
  "resyncs",
  "bid",
  "ask",
  "last error",
] as const;

const table = (symbols: readonly SymbolInfo[]): string => {
  const lines = symbols.map((one) => [
    one.symbol,
    one.state,
    one.reason,
    ageText(one.forMs),
    String(one.gaps),
    String(one.resyncs),
    String(one.bidPrice),
    String(one.askPrice),
    one.lastError === undefined
      ? ""
      : `${one.lastError} ${ageText(one.lastErrorAgeMs ?? 0)} ago`,
  ]);
  const widths = TITLES.map((title, i) =>
    Math.max(title.length, ...lines.map((line) => line[i]!.length)),
  );
  return [TITLES, ...lines]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const ageText = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

const list = async (
  link: NatsLink,
  which: "all" | "notLive",
  form: "json" | "table",
): Promise<void> => {
  const reply = await allSymbols(link);
  const symbols =
    which === "all"
      ? reply.symbols
      : reply.symbols.filter(({ state }) => state !== "LIVE");
  if (form === "json") console.log(JSON.stringify({ ...reply, symbols }));
  else {
    console.log(table(symbols));
    if (reply.feedSilent) console.log("\nevery feed is silent");
  }
};

export const booksCommand: Command = {
  name: "books",
  summary: "list the books of a running engine, or sync one anew",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      ...CONFIG_OPTIONS,
      json: { type: "boolean" },
      "not-live": { type: "boolean" },
    });
    const [verb, symbol, ...rest] = positionals;
    const isList = verb === "ls" && symbol === undefined;
    const isResync = verb === "resync" && symbol !== undefined;
    if ((!isList && !isResync) || rest.length > 0)
      throw new UsageError("books ls, or books resync SYMBOL.VENUE");
    const { nats } = loadConfig({
      ...(values.config === undefined ? {} : { file: values.config }),
      flags: configOverrides(values),
    });
    if (nats.url === "") throw new UsageError("books needs --nats URL");
    const link = new NatsLink({
      ...natsLinkOptions(nats),
      name: "fusewire-books",
    });
    link.start();
    try {
      if (!(await link.whenConnected(CONNECT_MS)))
        throw new UsageError("NATS does not answer, or turns us away");
      if (isList)
        await list(
          link,
          values["not-live"] === true ? "notLive" : "all",
          values.json === true ? "json" : "table",
        );
      else {
        const ordered = requestedSymbol(symbol!);
        await askService(link, SERVICE_SUBJECTS.resync, { symbol: ordered });
        console.log(`${ordered}: its book is void until a new snapshot`);
      }
    } finally {
      await link.drain();
    }
    return EXIT.ok;
  },
};
