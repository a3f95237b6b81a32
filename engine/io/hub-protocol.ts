/** The WebSocket messages of docs/wire.md: a checking door inwards, prepared bytes outwards. */
import { CodedError, type ErrorBody } from "../std/errors.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { readPayload, writePayload, type Encoding } from "../wire/encoding.ts";
import type { BookLadder } from "./hub-status.ts";

export const MSGPACK_SUBPROTOCOL = "fusewire.msgpack";

export const INTERVAL_MS_MAX = 5000;
const ID_LENGTH_MAX = 64;

export type MessageId = number | string;

export type ClientMessage =
  | {
      readonly op: "subscribe";
      readonly id: MessageId | undefined;
      readonly symbols: readonly (SymbolId | "*")[];
      /** At most one frame per symbol in this time; 0: every signal. */
      readonly intervalMs: number;
    }
  | {
      readonly op: "unsubscribe";
      readonly id: MessageId | undefined;
      readonly symbols: readonly (SymbolId | "*")[];
    }
  | {
      readonly op: "watch";
      readonly id: MessageId | undefined;
      readonly symbol: SymbolId;
    }
  | { readonly op: "unwatch"; readonly id: MessageId | undefined }
  | { readonly op: "ping"; readonly id: MessageId | undefined };

/** A refused message: the error, and the id to answer it under where the message had one. */
export class RefusedMessage extends Error {
  override readonly name = "RefusedMessage";
  readonly error: CodedError;
  readonly id: MessageId | undefined;

  constructor(error: CodedError, id: MessageId | undefined) {
    super(error.message);
    this.error = error;
    this.id = id;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<ClientMessage["op"], readonly string[]>> = {
  subscribe: ["op", "id", "symbols", "intervalMs"],
  unsubscribe: ["op", "id", "symbols"],
  watch: ["op", "id", "symbol"],
  unwatch: ["op", "id"],
  ping: ["op", "id"],
};

const isOp = (op: unknown): op is ClientMessage["op"] =>
  typeof op === "string" && Object.hasOwn(FIELDS, op);

const idOf = (fields: Fields): MessageId | undefined => {
  const { id } = fields;
  if (id === undefined) return undefined;
  if (typeof id === "number" && Number.isSafeInteger(id)) return id;
  if (typeof id === "string" && id.length <= ID_LENGTH_MAX) return id;
  throw new CodedError("E_INPUT_SCHEMA", { field: "id" });
};

const symbolOf = (value: unknown, field: string): SymbolId => {
  if (typeof value !== "string")
    throw new CodedError("E_INPUT_SCHEMA", { field });
  return symbolId(value);
};

const symbolsOf = (
  fields: Fields,
  symbolsMax: number,
): readonly (SymbolId | "*")[] => {
  const { symbols } = fields;
  if (!Array.isArray(symbols) || symbols.length === 0)
    throw new CodedError("E_INPUT_SCHEMA", { field: "symbols" });
  if (symbols.length > symbolsMax)
    throw new CodedError("E_LIMIT_SUBS", { field: "symbols" });
  return symbols.map((symbol: unknown) =>
    symbol === "*" ? "*" : symbolOf(symbol, "symbols"),
  );
};

const intervalOf = (fields: Fields): number => {
  const { intervalMs } = fields;
  if (intervalMs === undefined) return 0;
  if (typeof intervalMs !== "number" || !Number.isInteger(intervalMs))
    throw new CodedError("E_INPUT_SCHEMA", { field: "intervalMs" });
  if (intervalMs < 0 || intervalMs > INTERVAL_MS_MAX)
    throw new CodedError("E_INPUT_RANGE", { field: "intervalMs" });
  return intervalMs;
};

const messageOf = (
  fields: Fields,
  id: MessageId | undefined,
  symbolsMax: number,
): ClientMessage => {
  const { op } = fields;
  if (!isOp(op)) throw new CodedError("E_INPUT_SCHEMA", { field: "op" });
  for (const name of Object.keys(fields))
    if (!FIELDS[op].includes(name))
      throw new CodedError("E_INPUT_SCHEMA", { detail: "unknown field" });
  switch (op) {
    case "subscribe":
      return {
        op,
        id,
        symbols: symbolsOf(fields, symbolsMax),
        intervalMs: intervalOf(fields),
      };
    case "unsubscribe":
      return { op, id, symbols: symbolsOf(fields, symbolsMax) };
    case "watch":
      return { op, id, symbol: symbolOf(fields["symbol"], "symbol") };
    case "unwatch":
    case "ping":
      return { op, id };
  }
};

/** The door for client bytes: a message, or RefusedMessage with a code. */
export const decodeClientMessage = (
  bytes: Uint8Array,
  limits: { readonly bytesMax: number; readonly symbolsMax: number },
): ClientMessage => {
  let id: MessageId | undefined;
  try {
    // Its first byte says that it is an object.
    const fields = readPayload(bytes, limits.bytesMax) as Fields;
    id = idOf(fields);
    return messageOf(fields, id, limits.symbolsMax);
  } catch (error) {
    if (error instanceof CodedError) throw new RefusedMessage(error, id);
    throw error;
  }
};

/** What the hub says besides signals, which go out as prepared frames (hub-frame.ts). */
export type ServerMessage =
  | {
      readonly type: "hello";
      readonly epoch: string;
      readonly version: string;
      readonly heartbeatMs: number;
      readonly symbols: readonly string[];
    }
  | {
      readonly type: "subscribed" | "unsubscribed" | "watching";
      readonly id?: MessageId;
      readonly symbols: readonly string[];
    }
  | {
      readonly type: "pong";
      readonly id?: MessageId;
      readonly timeUs: number;
    }
  | { readonly type: "heartbeat"; readonly timeUs: number }
  | { readonly type: "book"; readonly book: BookLadder }
  | {
      readonly type: "error";
      readonly id?: MessageId;
      readonly err: ErrorBody;
    };

export const encodeServerMessage = (
  message: ServerMessage,
  encoding: Encoding,
): Uint8Array => writePayload(message, encoding);
