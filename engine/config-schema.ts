/** Every key of the configuration with its type, bounds, default and meaning. */
import { Type, type Static } from "@sinclair/typebox";
import { amount, count, flag, section, symbol, text } from "./config-fields.ts";

export const CONFIG_SCHEMA = section(
  {
    nats: section(
      {
        url: text(
          "",
          "nats://user:password@host:port; empty: an in-process bus, no broker",
        ),
        tlsCaFile: text(
          "",
          "PEM file of the authority that signs the broker's certificate; empty: no TLS",
        ),
      },
      "The broker",
    ),
    redis: section(
      {
        url: text(
          "",
          "redis://host:port; empty: state is kept in files under state.dir",
        ),
      },
      "The optional state store",
    ),
    state: section(
      {
        dir: text(
          "state",
          "Directory of the file store and the prediction log",
        ),
        saveEveryMs: count(
          5000,
          100,
          3_600_000,
          "Weights are saved at most this often, per symbol",
        ),
        barsEveryMs: count(
          60_000,
          1000,
          86_400_000,
          "Bars and the features of bars are saved at most this often, per symbol",
        ),
      },
      "What survives a restart",
    ),
    http: section(
      {
        host: text(
          "127.0.0.1",
          "Address of page, WebSocket, health and metrics",
        ),
        port: count(8787, 0, 65535, "0 takes a free one"),
        connectionsMax: count(
          2000,
          1,
          100_000,
          "Sockets above this are refused",
        ),
        operatorToken: Type.String({
          default: "",
          pattern: "^(.{16,256})?$",
          description:
            "Whoever shows it as a bearer token may POST orders, 16 characters or more; empty: nobody may",
        }),
        origins: Type.Array(Type.String(), {
          default: [],
          maxItems: 64,
          description: "Allowed Origin headers; empty: same host only",
        }),
      },
      "The hub",
    ),
    feed: section(
      {
        source: Type.Union(
          [
            Type.Literal("auto"),
            Type.Literal("simulator"),
            Type.Literal("bus"),
            Type.Literal("venue"),
          ],
          {
            default: "auto",
            description:
              "auto: feed.venue where it is given, else the simulator without a broker and the bus with one",
          },
        ),
        venue: text(
          "",
          "Whose public market data: binance, binanceusdm, binancecoinm, kraken, kraken-v1, coinbase, coinbase-exchange, okx, bybit, bybit-spot, bybit-inverse or hyperliquid",
        ),
        channels: Type.Array(
          Type.Union([
            Type.Literal("book"),
            Type.Literal("trades"),
            Type.Literal("quotes"),
            Type.Literal("bars"),
            Type.Literal("funding"),
            Type.Literal("openInterest"),
          ]),
          {
            default: ["book", "trades"],
            maxItems: 6,
            description:
              "What to subscribe at the venue: book, trades, quotes, bars (1 minute), funding, openInterest",
          },
        ),
        depth: Type.Union([Type.Literal("proven"), Type.Literal("deep")], {
          default: "proven",
          description:
            "proven: levels that the venue's checksum holds (Kraken: 10 a side); deep: all that the venue tells (Kraken: 1,000), where a loss further down shows late",
        }),
        url: text(
          "",
          "The venue's WebSocket address; empty: its own. TLS, but on this machine",
        ),
        restUrl: text("", "The venue's REST address; empty: its own"),
        seed: text("fusewire", "Seed of the simulated market"),
        symbols: Type.Array(Type.String(), {
          default: [],
          maxItems: 500,
          description:
            "Symbols of the venue (BTCUSDT, BTC/USD, or SYMBOL.VENUE), or simulated ones (SYMBOL.VENUE; empty: the simulator's own eight)",
        }),
        updatesPerSecond: amount(
          20,
          0.1,
          10_000,
          "Mean book updates a second and simulated symbol",
        ),
      },
      "Where market data comes from",
    ),
    symbols: section(
      {
        max: count(
          2000,
          1,
          100_000,
          "Actors at once; further symbols are refused with E_SYMBOL_LIMIT",
        ),
        idleMs: count(
          900_000,
          1000,
          86_400_000,
          "A symbol without events this long is passivated",
        ),
        mailboxMax: count(
          1024,
          16,
          65_536,
          "Messages that wait for one symbol",
        ),
        staleAfterMs: count(
          2000,
          50,
          600_000,
          "A book without a valid update this long is STALE",
        ),
        frozenAfterMs: count(
          2000,
          100,
          600_000,
          "A book that is told again and again, and nothing new, this long is STALE too",
        ),
        quietMaxMs: count(
          10_000,
          0,
          600_000,
          "After a book's own last change, quotes that agree with it count as news this long",
        ),
        reorderMax: count(
          8,
          0,
          256,
          "Updates behind a hole that wait for a late one before only a snapshot helps",
        ),
        bandFactor: count(
          1000,
          2,
          1_000_000_000_000,
          "A price so many times over or under the mid quarantines the book",
        ),
        completeMin: count(
          20,
          0,
          1000,
          "Best levels a side that must be known without holes, or the live book asks for a fresh snapshot; 0 for none",
        ),
        depthMax: count(1000, 10, 10_000, "Levels seen on each side of a book"),
        references: Type.Array(symbol, {
          default: [],
          maxItems: 16,
          description:
            "Symbols that all others may look at, SYMBOL.VENUE, such as BTCUSDT.BINANCE; they do not count against symbols.max",
        }),
        derivatives: Type.Array(
          Type.Object(
            { symbol, derivative: symbol },
            { additionalProperties: false },
          ),
          {
            default: [],
            maxItems: 1000,
            description:
              "Symbols without funding and open interest of their own, such as spot, with the derivative whose they look at",
          },
        ),
        instruments: Type.Array(
          Type.Object(
            {
              symbol,
              tickSize: Type.Number({ exclusiveMinimum: 0 }),
              lotSize: Type.Number({ exclusiveMinimum: 0 }),
            },
            { additionalProperties: false },
          ),
          {
            default: [],
            maxItems: 1000,
            description:
              "Tick and lot size of symbols; others are learnt from their venue or from their prices",
          },
        ),
        bars: Type.Array(
          Type.String({
            pattern:
              "^([1-9]\\d{0,5}[smhd]|(tick|volume|dollar):\\d{1,15}(\\.\\d{1,12})?)$",
          }),
          {
            default: [],
            maxItems: 32,
            description:
              "Bars kept beside those that models ask for: 1m, 4h, tick:100, volume:5, dollar:1000000",
          },
        ),
        barsMax: count(500, 1, 10_000, "Bars kept of each of them"),
        barsPrefer: Type.Union(
          [Type.Literal("first"), Type.Literal("venue"), Type.Literal("built")],
          {
            default: "first",
            description:
              "Whose bar counts where the venue tells one that is built here too: the one that comes first, or one of them within symbols.preferWaitMs",
          },
        ),
        fillWaitMs: count(
          5000,
          0,
          3_600_000,
          "How long after its end an interval without any bar waits before it is filled; a later bar of it is left out",
        ),
        preferWaitMs: count(
          1000,
          0,
          3_600_000,
          "How long after its end an interval waits for the preferred bar",
        ),
        lateTrades: Type.Union([Type.Literal("drop"), Type.Literal("await")], {
          default: "drop",
          description:
            "drop: a bar closes on the first trade past it; await: 200 ms later, so that late trades still count",
        }),
        signalIntervalMs: count(
          0,
          0,
          60_000,
          "Least time between two signals of a symbol; 0: every turn",
        ),
      },
      "Symbol actors",
    ),
    models: section(
      {
        dir: text(
          "",
          "Model directory; empty: the models that ship with the engine",
        ),
        threads: count(1, 1, 256, "Inference threads"),
        queueMax: count(512, 1, 100_000, "Requests that wait for a thread"),
        batchMax: count(16, 1, 1024, "Rows of one call"),
        forecastDeadlineMs: count(
          250,
          1,
          60_000,
          "Forecasts that take longer are left out",
        ),
        sentimentDeadlineMs: count(
          2000,
          1,
          600_000,
          "Sentiment that takes longer is left out",
        ),
        llama: flag(
          true,
          "Serve the LLaMA lane where node-llama-cpp is installed",
        ),
        llamaPath: text("", "A GGUF file in place of the small one that ships"),
        cudaDevices: Type.Array(Type.Integer({ minimum: 0, maximum: 63 }), {
          default: [],
          maxItems: 64,
          description: "GPU ids for the pool; empty: CPU",
        }),
      },
      "Inference",
    ),
    fusion: section(
      {
        weightHalfLifeHours: amount(
          6,
          0.01,
          100_000,
          "Evidence about a source halves in this time",
        ),
        priorStrength: amount(
          10,
          0.1,
          100_000,
          "Outcomes that the prior is worth; it never fades",
        ),
      },
      "Bayesian weights",
    ),
    record: section(
      {
        tape: text(
          "",
          "Tape that this run is recorded on, for fusewire replay, or a folder (with a slash at its end) for its parts; {time} stands for when it began; empty: none",
        ),
        signals: text(
          "",
          "File that the actors' signals are written to as JSON Lines; empty: none",
        ),
        partMb: amount(
          1024,
          0.01,
          1_000_000,
          "The recording goes on in another file beyond this many megabytes",
        ),
        partMinutes: amount(
          0,
          0,
          1_000_000,
          "The recording goes on in another file after this long; 0: by size alone",
        ),
        partsMax: count(
          0,
          0,
          999_999,
          "Files kept of a recording: the oldest is removed, and with the first the run can no longer be replayed, only its market; 0: all",
        ),
      },
      "The recorder",
    ),
    log: section(
      {
        level: Type.Union(
          [
            Type.Literal("debug"),
            Type.Literal("info"),
            Type.Literal("warn"),
            Type.Literal("error"),
            Type.Literal("silent"),
          ],
          { default: "info", description: "Lines below this are dropped" },
        ),
        predictions: flag(
          false,
          "Append matured predictions to state.dir/predictions.jsonl",
        ),
      },
      "Logging",
    ),
  },
  "fusewire configuration",
);

export type Config = Static<typeof CONFIG_SCHEMA>;
