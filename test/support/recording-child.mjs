/** Records simulated events until it is killed; says how many are on the disk for certain. */
import { MarketSimulator } from "../../dist/engine/feeds/simulator.js";
import { toRecord } from "../../dist/engine/feeds/tape-record.js";
import { TapeRecorder } from "../../dist/engine/feeds/tape-recorder.js";
import { systemClock, systemTimers } from "../../dist/engine/std/time.js";

const recorder = await TapeRecorder.start({
  path: process.argv[2],
  clock: systemClock,
  timers: systemTimers,
  blockBytes: 16 * 1024,
  flushMs: 5,
  rotateBytes: Number(process.argv[3] ?? Infinity),
});
const simulator = new MarketSimulator({ seed: 9 });
let told = 0;
for (;;) {
  for (let i = 0; i < 200; i++)
    recorder.record(toRecord(simulator.next().event));
  do {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { written } = recorder.counts;
    if (written > told) process.stdout.write(`${(told = written)}\n`);
  } while (recorder.counts.records - told > 100);
}
