/** Names of the files that one recording is spread over. */
import { basename, dirname, extname, join } from "node:path";
import type { UnixMicros } from "../std/time.ts";

const TIME = "{time}";

/**
 * `{time}` in the path stands for when the part began (20261121T031500Z). Without it, and where that name is taken, parts from
 * the second on carry their number: market.fwt, market-0002.fwt, …
 */
export const partPath = (
  path: string,
  part: number,
  startUs: UnixMicros,
): string => {
  const named = join(
    dirname(path),
    basename(path).replaceAll(TIME, compactTime(startUs)),
  );
  if (part === 1) return named;
  const extension = extname(named);
  return `${named.slice(0, named.length - extension.length)}-${String(part).padStart(4, "0")}${extension}`;
};

export const hasTime = (path: string): boolean => basename(path).includes(TIME);

const compactTime = (us: UnixMicros): string =>
  new Date(us / 1000).toISOString().replace(/[-:]|\.\d+/g, "");
