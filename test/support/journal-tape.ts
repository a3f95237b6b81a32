/** A tape in memory: what a recorder would write, item by item, with room for as much as the test says. */
import type { TapeItem } from "../../engine/feeds/tape-block.ts";
import type { TapeRecord } from "../../engine/feeds/tape-record.ts";
import type { JournalTape } from "../../engine/journal/step-recorder.ts";
import type { RunReplay } from "../../engine/journal/run-replay.ts";

export class MemoryTape implements JournalTape {
  readonly items: TapeItem[] = [];
  itemsMax = Number.POSITIVE_INFINITY;

  record(record: TapeRecord): boolean {
    if (this.items.length >= this.itemsMax) return false;
    const payload = record.payload.slice();
    this.items.push({ type: "record", record: { ...record, payload } });
    return true;
  }

  mark(bytes: Uint8Array): boolean {
    if (this.items.length >= this.itemsMax) return false;
    this.items.push({ type: "mark", bytes: bytes.slice() });
    return true;
  }

  playTo(run: RunReplay): void {
    for (const item of this.items)
      if (item.type === "record") run.record(item.record);
      else if (item.type === "mark") run.mark(item.bytes);
      else if (item.type === "hole") run.hole();
  }
}
