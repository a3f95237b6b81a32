/** Who wants which symbol. A socket that asked by name and by wildcard still gets each signal once. */
import { CodedError } from "../std/errors.ts";

export const WILDCARD = "*";

export class HubSubscriptions<S> {
  readonly #perSocketMax: number;
  readonly #everything = new Set<S>();
  readonly #bySymbol = new Map<string, Set<S>>();
  readonly #bySocket = new Map<S, Set<string>>();

  constructor(perSocketMax: number) {
    this.#perSocketMax = perSocketMax;
  }

  /** All of `symbols` or, over the limit, none and E_LIMIT_SUBS. */
  add(socket: S, symbols: readonly string[]): void {
    const held = this.#bySocket.get(socket) ?? new Set<string>();
    if (new Set([...held, ...symbols]).size > this.#perSocketMax)
      throw new CodedError("E_LIMIT_SUBS");
    this.#bySocket.set(socket, held);
    for (const symbol of symbols) {
      held.add(symbol);
      if (symbol === WILDCARD) this.#everything.add(socket);
      else this.#socketsOf(symbol).add(socket);
    }
  }

  remove(socket: S, symbols: readonly string[]): void {
    for (const symbol of symbols) {
      this.#bySocket.get(socket)?.delete(symbol);
      if (symbol === WILDCARD) this.#everything.delete(socket);
      else this.#drop(socket, symbol);
    }
  }

  removeAll(socket: S): void {
    this.remove(socket, [...(this.#bySocket.get(socket) ?? [])]);
    this.#bySocket.delete(socket);
  }

  wants(socket: S, symbol: string): boolean {
    return (
      this.#everything.has(socket) ||
      this.#bySymbol.get(symbol)?.has(socket) === true
    );
  }

  forEachOf(symbol: string, run: (socket: S) => void): void {
    for (const socket of this.#everything) run(socket);
    const named = this.#bySymbol.get(symbol);
    if (named === undefined) return;
    for (const socket of named) if (!this.#everything.has(socket)) run(socket);
  }

  #socketsOf(symbol: string): Set<S> {
    let sockets = this.#bySymbol.get(symbol);
    if (sockets === undefined) {
      sockets = new Set();
      this.#bySymbol.set(symbol, sockets);
    }
    return sockets;
  }

  #drop(socket: S, symbol: string): void {
    const sockets = this.#bySymbol.get(symbol);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.#bySymbol.delete(symbol);
  }
}
