/** Waits for something that another process does. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves to the milliseconds it took; throws with `what` after `withinMs`. */
export const eventually = async (
  what: string,
  holds: () => boolean,
  withinMs = 5_000,
): Promise<number> => {
  const started = performance.now();
  for (;;) {
    const tookMs = performance.now() - started;
    if (holds()) return tookMs;
    if (tookMs > withinMs)
      throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
};
