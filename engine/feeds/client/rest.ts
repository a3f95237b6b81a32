/** One request to a venue's REST interface: bounded in time and size. */
import { CodedError } from "../../std/errors.ts";
import { retryAfterMsOf } from "./retry-after.ts";

export interface RestRequest {
  readonly url: string;
  /** JSON to be posted; absent: a GET. */
  readonly post?: string | undefined;
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

export interface RestReply {
  readonly status: number;
  /** Empty unless the status is 200. */
  readonly body: string;
  readonly retryAfterMs: number | undefined;
  /** What the venue says this address has used of its weight in this minute. */
  readonly usedWeight: number | undefined;
}

/** Rejects with E_DEP_VENUE or E_INPUT_SIZE; any HTTP status is a reply. */
export type RestGet = (request: RestRequest) => Promise<RestReply>;

const JSON_CONTENT = { "content-type": "application/json" };
const USED_WEIGHT_HEADER = "x-mbx-used-weight-1m";

export const fetchRest: RestGet = async ({
  url,
  post,
  timeoutMs,
  bytesMax,
}) => {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: "error",
      headers: { accept: "application/json", ...(post && JSON_CONTENT) },
      ...(post && { method: "POST", body: post }),
    });
    const { status, headers } = response;
    const isOk = status === 200;
    if (!isOk) await response.body?.cancel();
    const used = headers.get(USED_WEIGHT_HEADER);
    return {
      status,
      body: isOk ? await boundedText(response, bytesMax) : "",
      retryAfterMs: retryAfterMsOf(headers.get("retry-after")),
      usedWeight:
        used !== null && /^\d{1,9}$/.test(used) ? Number(used) : undefined,
    };
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("E_DEP_VENUE", { cause });
  }
};

const boundedText = async (
  response: Response,
  bytesMax: number,
): Promise<string> => {
  if (response.body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > bytesMax) throw new CodedError("E_INPUT_SIZE");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
};
