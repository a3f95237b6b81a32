/** The doors of the engine's actors, as a recording or a replay knocks on them. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type { MachineInputs } from "./journal/machine.ts";

export const machineOf = ({ router, system }: EngineActors): MachineInputs => ({
  onEvent: (event, decodedNs) => router.onEvent(event, decodedNs),
  onHeadline: (headline) => router.onHeadline(headline),
  onInstrument: (instrument) => router.onInstrument(instrument),
  orderResync: (symbol) => router.orderResync(symbol),
  drain: () => system.drain(),
});
