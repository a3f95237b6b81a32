/** Which web pages may open a socket: browsers send Origin, and a foreign page must not read this engine through its visitor. */

/** No Origin: not a browser. An empty list: only pages that this host served. */
export const isOriginAllowed = (
  origin: string,
  host: string,
  allowed: readonly string[],
): boolean => {
  if (origin === "") return true;
  if (allowed.includes("*") || allowed.includes(origin)) return true;
  return allowed.length === 0 && hostOf(origin) === host.toLowerCase();
};

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined;
