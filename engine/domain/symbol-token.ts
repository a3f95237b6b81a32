/**
 * Any venue's name of a symbol as one NATS subject token, and back. Letters A-Z, digits, `_` and `-` stand for themselves (at the
 * front letters and digits only), every other byte of the UTF-8 text is `=XX`: `XBT/USD` is `XBT=2FUSD`, `kPEPE` is `=6BPEPE`.
 *
 * `=` rather than `%` or `~`: it needs no escape in a URL's query, in a file's name or in a key of NATS KV.
 */
import { CodedError } from "../std/errors.ts";

export const TOKEN_MAX = 64;

/** What nearly every token is. */
const PLAIN = /^[A-Z0-9][A-Z0-9_-]{0,63}$/;
const SHAPE = /^(?:[A-Z0-9]|=[0-9A-F]{2})(?:[A-Z0-9_-]|=[0-9A-F]{2})*$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws E_SYMBOL_FORMAT for no text, for half of a surrogate pair, and for what would be longer than TOKEN_MAX. */
export const encodeToken = (name: string): string => {
  if (PLAIN.test(name)) return name;
  // A character has at least one byte, so a longer name is refused before it costs anything.
  if (name === "" || name.length > TOKEN_MAX || LONE_SURROGATE.test(name))
    throw new CodedError("E_SYMBOL_FORMAT");
  let token = "";
  for (const byte of encoder.encode(name))
    token += isPlainByte(byte, token === "")
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  if (token.length > TOKEN_MAX) throw new CodedError("E_SYMBOL_FORMAT");
  return token;
};

/** The name of a token that encodeToken has made; E_SYMBOL_FORMAT for any other. */
export const decodeToken = (token: string): string => {
  if (PLAIN.test(token)) return token;
  if (token.length > TOKEN_MAX || !SHAPE.test(token))
    throw new CodedError("E_SYMBOL_FORMAT");
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++)
    if (token[i] === "=") {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(token.charCodeAt(i));
  let name: string;
  try {
    name = decoder.decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new CodedError("E_SYMBOL_FORMAT", { cause });
  }
  // `=41` would be a second token of the symbol A.
  if (encodeToken(name) !== token) throw new CodedError("E_SYMBOL_FORMAT");
  return name;
};

export const isToken = (text: string): boolean => {
  if (PLAIN.test(text)) return true;
  try {
    decodeToken(text);
    return true;
  } catch {
    return false;
  }
};

const LONE_SURROGATE = /\p{Surrogate}/u;

const isPlainByte = (byte: number, isFirst: boolean): boolean =>
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x30 && byte <= 0x39) ||
  (!isFirst && (byte === 0x2d || byte === 0x5f));
