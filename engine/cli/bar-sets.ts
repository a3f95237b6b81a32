/** Which sets bars can give: frames are made of minutes. */
import type { Bar } from "../domain/market-event.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FRAMES_SET } from "../features/frames-set.ts";
import { MINUTE_MS } from "../features/live-bar-features.ts";
import { CodedError } from "../std/errors.ts";

/** E_BARS_FORMAT where none is left. */
export const setsOfBars = <S extends DeclaredSet>(
  sets: readonly S[],
  bars: readonly Bar[],
): readonly S[] => {
  const intervalMs = bars[0]?.intervalMs;
  const given = sets.filter(
    (set) => set.name !== FRAMES_SET.name || intervalMs === MINUTE_MS,
  );
  if (given.length === 0)
    throw new CodedError("E_BARS_FORMAT", {
      detail: `frames are made of minutes, these bars are of ${intervalMs ?? 0} ms`,
    });
  return given;
};
