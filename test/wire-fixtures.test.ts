import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import {
  decodeRequest,
  parsePredict,
  parsePredictBatch,
  parseSymbolRequest,
} from "../engine/wire/api.ts";
import { decode, decodeInstrument } from "../engine/wire/codec.ts";
import { readPayload } from "../engine/wire/encoding.ts";
import { decodeSignal } from "../engine/wire/signal-codec.ts";
import {
  EVENT_SAMPLES,
  HEADLINE_SAMPLE,
  INSTRUMENT_SAMPLE,
  SIGNAL_SAMPLE,
  WIRE_SAMPLES,
} from "./support/wire-samples.ts";

const folder = new URL("./fixtures/wire/", import.meta.url);
const read = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const stamps = [
  unixMicros(1_723_075_200_124_000),
  monoNanos(5_000_000_000),
] as const;

describe("the wire fixtures", () => {
  it("hold every sample and nothing else", () => {
    const names = Object.keys(WIRE_SAMPLES).flatMap((name) => [
      `${name}.json`,
      `${name}.msgpack`,
    ]);
    expect(readdirSync(folder).sort()).toEqual([...names, "index.json"].sort());
  });

  it("say in their index where each travels", () => {
    expect(JSON.parse(Buffer.from(read("index.json")).toString())).toEqual(
      Object.fromEntries(
        Object.entries(WIRE_SAMPLES).map(([name, { subject, direction }]) => [
          name,
          { subject, direction },
        ]),
      ),
    );
  });

  it.each(Object.keys(WIRE_SAMPLES))(
    "%s is what the encoder writes, byte for byte in MessagePack",
    (name) => {
      const sample = WIRE_SAMPLES[name]!;
      expect(
        Buffer.from(sample.encode("msgpack")).equals(read(`${name}.msgpack`)),
      ).toBe(true);
      expect(JSON.parse(Buffer.from(sample.encode("json")).toString())).toEqual(
        JSON.parse(Buffer.from(read(`${name}.json`)).toString()),
      );
    },
  );

  it.each(Object.keys(WIRE_SAMPLES))("%s says the same twice", (name) => {
    expect(readPayload(read(`${name}.msgpack`), 1 << 20)).toEqual(
      readPayload(read(`${name}.json`), 1 << 20),
    );
  });

  it.each(["json", "msgpack"])("decode to the samples from %s", (encoding) => {
    for (const [name, event] of Object.entries(EVENT_SAMPLES))
      expect(
        decode(
          WIRE_SAMPLES[name]!.subject,
          read(`${name}.${encoding}`),
          ...stamps,
        ),
      ).toEqual(event);
    expect(
      decode("news.v1.headline", read(`headline.${encoding}`), ...stamps),
    ).toEqual(HEADLINE_SAMPLE);
    expect(
      decodeInstrument(
        WIRE_SAMPLES["instrument"]!.subject,
        read(`instrument.${encoding}`),
      ),
    ).toEqual(INSTRUMENT_SAMPLE);
    expect(decodeSignal(read(`signal.${encoding}`))).toEqual(SIGNAL_SAMPLE);
  });

  it.each(["json", "msgpack"])("hold requests we accept in %s", (encoding) => {
    const request = (name: string) =>
      decodeRequest(read(`${name}.request.${encoding}`));
    expect(parsePredict(request("predict"))).toMatchObject({
      symbol: "BTCUSDT.BINANCE",
      price: 61_250.2,
      eventUs: 1_723_075_200_123_000,
    });
    const [good, bad] = parsePredictBatch(request("predict.batch"));
    expect(parsePredict(good).price).toBe(61_250.2);
    expect(() => parsePredict(bad)).toThrow("E_INPUT_RANGE");
    expect(parseSymbolRequest(request("latest"))).toBe("BTCUSDT.BINANCE");
  });
});
