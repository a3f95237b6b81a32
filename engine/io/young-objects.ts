/** Every object begins in V8's young generation, whatever its kind did while the engine started. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 lets code whose objects lived long allocate in the old generation from then on. At start ours do: the first messages of each symbol
 * are kept. Later ones die within milliseconds, and then fill the old generation until a full collection stops the thread
 * (docs/decisions/0008-young-objects.md). To be called before any code is hot.
 */
export const keepObjectsYoung = (): void =>
  setFlagsFromString("--no-allocation-site-pretenuring");
