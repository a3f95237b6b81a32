/** The head of the page: connection, readiness, rates, and the two banners that nobody may overlook. */
import { byId, make, setClass, setText, setTitle } from "./dom.ts";
import * as format from "./format.ts";
import { isEngineHeard, type Store } from "./store.ts";

const CONNECTION_TEXT = {
  connecting: "CONNECTING",
  open: "CONNECTED",
  lost: "DISCONNECTED",
} as const;

export class EngineView {
  readonly #connection = byId("connection");
  readonly #ready = byId("ready");
  readonly #links = byId("links");
  readonly #outage = byId("outage");

  draw(store: Store): void {
    const { connection, status } = store;
    setText(this.#connection, CONNECTION_TEXT[connection]);
    setClass(this.#connection, `pill ${connection === "open" ? "up" : "down"}`);
    this.#drawOutage(store);
    setText(byId("utc"), utcOf(store));
    document.body.classList.toggle("disconnected", connection !== "open");
    if (status === undefined) return;
    const { engine } = status;
    byId("simulated").hidden = !engine.simulated;
    setText(this.#ready, engine.ready ? "READY" : "NOT READY");
    setClass(this.#ready, `pill ${engine.ready ? "up" : "down"}`);
    setTitle(this.#ready, engine.reasons.join("\n"));
    this.#drawLinks(status.links);
    const total = status.stages["total"];
    if (total !== undefined && total.count > 0) {
      setText(byId("total-p50"), format.micros(total.p50Us));
      setText(byId("total-p99"), format.micros(total.p99Us));
    }
    setText(byId("events-rate"), format.rate(engine.eventsPerS));
    setText(byId("signals-rate"), format.rate(engine.signalsPerS));
    setText(byId("uptime"), format.duration(engine.uptimeMs));
    setText(
      byId("version"),
      `fusewire ${engine.version} · epoch ${engine.epoch}`,
    );
  }

  #drawOutage(store: Store): void {
    const text = outageOf(store);
    this.#outage.hidden = text === undefined;
    if (text !== undefined) setText(this.#outage, text);
  }

  #drawLinks(
    links: readonly { readonly name: string; readonly state: string }[],
  ): void {
    const wanted = links.map(({ name, state }) => `${name} ${state}`).join();
    if (this.#links.dataset["shown"] === wanted) return;
    this.#links.dataset["shown"] = wanted;
    this.#links.replaceChildren(
      ...links.map(({ name, state }) =>
        make("span", `pill ${linkTone(state)}`, [`${name} ${state}`]),
      ),
    );
  }
}

const linkTone = (state: string): string =>
  ["connected", "open", "ready", "running"].includes(state)
    ? "quiet"
    : ["off", "absent", "embedded", "none", "in-process"].includes(state)
      ? "off"
      : "down";

const outageOf = (store: Store): string | undefined => {
  if (store.connection === "lost")
    return "CONNECTION LOST — nothing below is live. Reconnecting…";
  if (store.connection === "connecting" && store.symbols.size > 0)
    return "CONNECTION LOST — nothing below is live. Connecting…";
  if (store.connection === "open" && !isEngineHeard(store))
    return "ENGINE SILENT — nothing below is live. The hub answers, the engine behind it does not.";
  return undefined;
};

const utcOf = (store: Store): string =>
  new Date(Date.now() + store.offsetUs / 1000).toISOString().slice(11, 19);
