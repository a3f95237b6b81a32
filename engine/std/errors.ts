/** Every error code of the engine, once: the same over NATS, WebSocket, HTTP and CLI. */

interface CodeSpec {
  /** HTTP-like number: `Nats-Service-Error-Code`, HTTP status, WebSocket close code minus 4000. */
  readonly num: number;
  readonly retryable: boolean;
  /** Fixed text: never peer data, never a secret, never a stack. */
  readonly text: string;
}

export const ERROR_CODES = {
  E_INPUT_DECODE: {
    num: 400,
    retryable: false,
    text: "the message cannot be decoded",
  },
  E_INPUT_SIZE: {
    num: 413,
    retryable: false,
    text: "the message is larger than allowed",
  },
  E_INPUT_LIMIT: {
    num: 413,
    retryable: false,
    text: "the message exceeds a structural limit",
  },
  E_INPUT_SCHEMA: {
    num: 400,
    retryable: false,
    text: "a field is missing, unknown or of the wrong type",
  },
  E_INPUT_VERSION: {
    num: 400,
    retryable: false,
    text: "the schema version is not supported",
  },
  E_INPUT_RANGE: {
    num: 422,
    retryable: false,
    text: "a number is out of its range",
  },
  E_PATH_UNKNOWN: { num: 404, retryable: false, text: "the path is not known" },
  E_SYMBOL_FORMAT: {
    num: 400,
    retryable: false,
    text: "the symbol is not well formed",
  },
  E_SYMBOL_UNKNOWN: {
    num: 404,
    retryable: false,
    text: "the symbol is not known",
  },
  E_SYMBOL_LIMIT: {
    num: 429,
    retryable: true,
    text: "the limit on symbols is reached",
  },
  E_BOOK_GAP: {
    num: 409,
    retryable: true,
    text: "order book updates were lost",
  },
  E_BOOK_CHECKSUM: {
    num: 409,
    retryable: true,
    text: "the order book does not match the venue's checksum",
  },
  E_BOOK_CROSSED: {
    num: 409,
    retryable: true,
    text: "the order book is crossed or locked",
  },
  E_BOOK_SUSPECT: {
    num: 409,
    retryable: true,
    text: "a price of the order book is not plausible",
  },
  E_BOOK_NOSYNC: {
    num: 503,
    retryable: true,
    text: "the order book is not in sync",
  },
  E_TIME_STALE: {
    num: 409,
    retryable: true,
    text: "the data is older than allowed",
  },
  E_TIME_SKEW: {
    num: 422,
    retryable: false,
    text: "the timestamp is outside the allowed skew",
  },
  E_TIME_DEADLINE: {
    num: 408,
    retryable: true,
    text: "the deadline has passed",
  },
  E_LIMIT_QUEUE: { num: 429, retryable: true, text: "a queue is full" },
  E_LIMIT_ACTORS: {
    num: 429,
    retryable: true,
    text: "the limit on actors is reached",
  },
  E_LIMIT_RATE: {
    num: 429,
    retryable: true,
    text: "the rate limit is reached",
  },
  E_LIMIT_CONN: {
    num: 429,
    retryable: true,
    text: "the limit on connections is reached",
  },
  E_LIMIT_SUBS: {
    num: 429,
    retryable: true,
    text: "the limit on subscriptions is reached",
  },
  E_AUTH_MISSING: {
    num: 401,
    retryable: false,
    text: "credentials are missing",
  },
  E_AUTH_INVALID: {
    num: 401,
    retryable: false,
    text: "credentials are not valid",
  },
  E_AUTH_EXPIRED: {
    num: 401,
    retryable: false,
    text: "credentials have expired",
  },
  E_AUTH_DENIED: { num: 403, retryable: false, text: "not permitted" },
  E_AUTH_ORIGIN: {
    num: 403,
    retryable: false,
    text: "the origin is not allowed",
  },
  E_MODEL_UNKNOWN: {
    num: 404,
    retryable: false,
    text: "the model is not known",
  },
  E_MODEL_HASH: {
    num: 422,
    retryable: false,
    text: "the model file does not match its manifest",
  },
  E_MODEL_CONTRACT: {
    num: 422,
    retryable: false,
    text: "the model does not fit its contract",
  },
  E_MODEL_OUTPUT: {
    num: 502,
    retryable: false,
    text: "the model gave an unusable output",
  },
  E_MODEL_DEVICE: {
    num: 503,
    retryable: true,
    text: "the model's device is not available",
  },
  E_MODEL_TIMEOUT: {
    num: 504,
    retryable: true,
    text: "the model did not answer in time",
  },
  E_MODEL_CRASH: {
    num: 502,
    retryable: true,
    text: "the model's worker crashed",
  },
  E_ACTOR_RESTARTING: {
    num: 503,
    retryable: true,
    text: "the actor is restarting",
  },
  E_ACTOR_QUARANTINED: {
    num: 503,
    retryable: true,
    text: "the actor is quarantined",
  },
  E_DEP_NATS: { num: 503, retryable: true, text: "NATS is not available" },
  E_DEP_REDIS: { num: 503, retryable: true, text: "Redis is not available" },
  E_DEP_STORE: {
    num: 503,
    retryable: true,
    text: "the state store is not available",
  },
  E_DEP_VENUE: {
    num: 503,
    retryable: true,
    text: "the venue is not available",
  },
  E_DEP_PYTHON: {
    num: 503,
    retryable: false,
    text: "Python with numpy and pandas is not available",
  },
  E_STATE_STARTING: {
    num: 503,
    retryable: true,
    text: "the engine is starting",
  },
  E_STATE_DRAINING: {
    num: 503,
    retryable: true,
    text: "the engine is draining",
  },
  E_STATE_NOT_LEADER: {
    num: 503,
    retryable: true,
    text: "another engine leads",
  },
  E_CONFIG_UNKNOWN: {
    num: 400,
    retryable: false,
    text: "a configuration key is not known",
  },
  E_CONFIG_INVALID: {
    num: 400,
    retryable: false,
    text: "a configuration value is not valid",
  },
  E_FEATURES_UNKNOWN: {
    num: 404,
    retryable: false,
    text: "the feature set is not known",
  },
  E_TAPE_FORMAT: {
    num: 422,
    retryable: false,
    text: "the tape is not readable",
  },
  E_TAPE_DIVERGED: {
    num: 409,
    retryable: false,
    text: "the replay is not the run that was recorded",
  },
  E_TAPE_LOST: {
    num: 507,
    retryable: false,
    text: "the recorder could not keep pace: the run's record ends here",
  },
  E_TAPE_HOLE: {
    num: 507,
    retryable: false,
    text: "the recorder could not keep pace: events are missing from the tape",
  },
  E_TAPE_WRITE: {
    num: 507,
    retryable: true,
    text: "the recording cannot be written",
  },
  E_TAPE_EXISTS: {
    num: 409,
    retryable: false,
    text: "a file of that name exists",
  },
  E_TAPE_TORN: {
    num: 422,
    retryable: false,
    text: "the tape ends in the middle of a write",
  },
  E_TAPE_ORDER: {
    num: 422,
    retryable: false,
    text: "the tape is not in order of time",
  },
  E_TAPE_PART: {
    num: 409,
    retryable: false,
    text: "a part of the recording is missing, or is one of another",
  },
  E_BARS_FORMAT: {
    num: 422,
    retryable: false,
    text: "the bars cannot be read",
  },
  E_BARS_UNCLEAR: {
    num: 422,
    retryable: false,
    text: "a column or a unit of the bars has to be stated",
  },
  E_BARS_LIMIT: {
    num: 413,
    retryable: false,
    text: "the bars exceed a limit",
  },
  E_INTERNAL: { num: 500, retryable: false, text: "internal error" },
} as const satisfies Record<string, CodeSpec>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The wire form of an error, in every reply that is not ok. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly num: number;
  readonly retryable: boolean;
  readonly text: string;
  readonly field?: string;
  readonly retryAfterMs?: number;
}

export interface CodedErrorOptions {
  /** Path of the offending field, from our own schema; never the peer's text. */
  readonly field?: string;
  readonly retryAfterMs?: number;
  /** For the log only. */
  readonly detail?: string;
  readonly cause?: unknown;
}

export class CodedError extends Error {
  override readonly name = "CodedError";
  readonly code: ErrorCode;
  readonly field: string | undefined;
  /** For people and logs; what a peer is told leaves it out. */
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, options: CodedErrorOptions = {}) {
    const where = options.field === undefined ? "" : ` (${options.field})`;
    const detail = options.detail === undefined ? "" : `: ${options.detail}`;
    super(`${code}: ${ERROR_CODES[code].text}${where}${detail}`, {
      cause: options.cause,
    });
    this.code = code;
    this.field = options.field;
    this.detail = options.detail;
    this.retryAfterMs = options.retryAfterMs;
  }

  body(): ErrorBody {
    const { num, retryable, text } = ERROR_CODES[this.code];
    return {
      code: this.code,
      num,
      retryable,
      text,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.retryAfterMs === undefined
        ? {}
        : { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** Any thrown value as a coded one; what carries no code is E_INTERNAL. */
export const toCodedError = (error: unknown): CodedError =>
  error instanceof CodedError
    ? error
    : new CodedError("E_INTERNAL", {
        cause: error,
        detail: error instanceof Error ? error.message : String(error),
      });
