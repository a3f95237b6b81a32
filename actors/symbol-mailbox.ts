/** How a symbol's mailbox keeps within its bound. */
import type { MarketEvent } from "../engine/domain/market-event.ts";
import type { SymbolMessage } from "./messages.ts";
import type { MailboxOptions } from "./runtime/mailbox.ts";

export const symbolMailbox = (
  capacityMax: number,
): MailboxOptions<SymbolMessage> => ({
  capacityMax,
  overflow: "conflate",
  keyOf,
});

/** The newest quote, funding, prediction or reminder stands for its kind; a book event, a trade or a bar stands for itself. */
const keyOf = (message: SymbolMessage): string | undefined => {
  switch (message.type) {
    case "marketEventArrived":
      return NEWEST_COUNTS.has(message.event.type)
        ? message.event.type
        : undefined;
    case "predictionArrived":
      return `prediction/${message.prediction.model}`;
    case "predictionMissed":
      return `prediction/${message.miss.model}`;
    case "derivativeTold":
      return `told/${message.event.type}`;
    case "articleJudged":
      return undefined;
    default:
      return message.type;
  }
};

const NEWEST_COUNTS: ReadonlySet<MarketEvent["type"]> = new Set([
  "quote",
  "funding",
  "openInterest",
] as const);
