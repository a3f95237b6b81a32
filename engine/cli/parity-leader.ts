/** A leading symbol for a tape of one symbol, drawn: its mid moves every few milliseconds and is not known at first. */
import type { LeadingMid } from "../features/micro-lead.ts";
import { Random } from "../std/random.ts";

const SEED = 20_261_122;
const SILENT_NS = 3e9;
const STEP_MAX_NS = 150e6;
const MOVE_MAX = 2e-5;

export class DrawnLeader implements LeadingMid {
  readonly #random = new Random(SEED);
  readonly #times: number[] = [];
  readonly #mids: number[] = [];
  #nextNs = NaN;

  /** Draws what is known by then; `tell` hears each moment and mid. */
  advanceTo(nowNs: number, tell: (ns: number, mid: number) => void): void {
    const random = this.#random;
    if (Number.isNaN(this.#nextNs)) this.#nextNs = nowNs + SILENT_NS;
    while (this.#nextNs <= nowNs) {
      const move = MOVE_MAX * (2 * random.next() - 1);
      this.#times.push(this.#nextNs);
      this.#mids.push((this.#mids.at(-1) ?? 1000) * (1 + move));
      tell(this.#nextNs, this.mid);
      this.#nextNs += 1 + random.int(STEP_MAX_NS);
    }
  }

  get mid(): number {
    return this.#mids.at(-1) ?? 0;
  }

  readMid(inOut: Float64Array, at: number): void {
    const moment = inOut[at]!;
    const place = this.#times.findLastIndex((time) => time <= moment);
    inOut[at] = place < 0 ? 0 : this.#mids[place]!;
  }

  ageMs(nowNs: number): number {
    const last = this.#times.at(-1);
    return last === undefined ? Infinity : (nowNs - last) / 1e6;
  }
}
