/** What a recorded run was: enough to build its actors again, and to know whose models spoke. Nothing secret. */
import type { ServedModel } from "../ports.ts";
import { CodedError } from "../std/errors.ts";

export interface RunHead {
  readonly v: 1;
  /** Version of fusewire. */
  readonly version: string;
  /** Version of Node: its mathematics may change in the last bit from one to the next. */
  readonly node: string;
  readonly epoch: string;
  /** Options of the actors, whole: a journal replays with these alone. */
  readonly options: unknown;
  /** In the order in which the actors met them. */
  readonly models: readonly ServedModel[];
  /** Those that ran on the actors' own thread. */
  readonly inline: readonly string[];
  /** Hex digests of the models' files by name. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** E_TAPE_FORMAT for anything else. */
export const parseRunHead = (json: string): RunHead => {
  let head: Partial<RunHead> | null;
  try {
    head = JSON.parse(json) as Partial<RunHead> | null;
  } catch (cause) {
    throw new CodedError("E_TAPE_FORMAT", { detail: "a run's head", cause });
  }
  if (
    head?.v !== 1 ||
    typeof head.epoch !== "string" ||
    typeof head.options !== "object" ||
    !Array.isArray(head.models) ||
    !head.models.every(namesItsWindow) ||
    !Array.isArray(head.inline)
  )
    throw new CodedError("E_TAPE_FORMAT", { detail: "a run's head" });
  return head as RunHead;
};

/** A run of before models named their windows is another version's. */
const namesItsWindow = ({ window }: ServedModel): boolean =>
  window === undefined ||
  (typeof window.hash === "string" && Array.isArray(window.channels));
