/** The header Retry-After: how long a venue wants to be left alone. */

/** A ban may last days; nobody is asked to wait longer than this without another look. */
const WAIT_MS_MAX = 3_600_000;

/** Seconds only: venues do not send the date form, and it would need a clock common with theirs. */
export const retryAfterMsOf = (
  header: string | null | undefined,
): number | undefined => {
  if (header === null || header === undefined || !/^\d{1,9}$/.test(header))
    return undefined;
  return Math.min(WAIT_MS_MAX, Number(header) * 1000);
};
