import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileStore } from "./file-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => Buffer.from(text);
const text = (data: Uint8Array | undefined) =>
  data && Buffer.from(data).toString();

describe("the file store", () => {
  it("gives back what was saved, before and after it is on disk, and in the next run", async () => {
    const store = new FileStore({ folder });
    store.save("weights/BTCUSDT.BINANCE", bytes("1"));
    expect(text(await store.load("weights/BTCUSDT.BINANCE"))).toBe("1");
    await store.flush();
    expect(text(await store.load("weights/BTCUSDT.BINANCE"))).toBe("1");
    const next = new FileStore({ folder });
    expect(text(await next.load("weights/BTCUSDT.BINANCE"))).toBe("1");
    expect(await next.load("weights/ETHUSDT.BINANCE")).toBeUndefined();
  });

  it("keeps the newest value of a key and leaves no temporary file", async () => {
    const store = new FileStore({ folder });
    for (let i = 0; i < 100; i++) store.save("k", bytes(String(i)));
    await store.flush();
    expect(text(await store.load("k"))).toBe("99");
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("keeps keys apart and inside its folder, whatever they are", async () => {
    const store = new FileStore({ folder: join(folder, "deep") });
    const keys = ["../x", "..", ".", "a/b", "a%2Fb", "A", "ü", "a*b", "..%2F"];
    for (const key of keys) store.save(key, bytes(key));
    await store.flush();
    for (const key of keys) expect(text(await store.load(key))).toBe(key);
    expect(readdirSync(folder)).toEqual(["deep"]);
    expect(readdirSync(join(folder, "deep"))).toHaveLength(keys.length);
  });

  it("counts what it cannot save and goes on", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const store = new FileStore({ folder: file });
    store.save("k", bytes("1"));
    await store.flush();
    expect(await store.load("k")).toBeUndefined();
  });

  it("refuses a value or a crowd of keys beyond its bounds", async () => {
    const store = new FileStore({ folder, pendingMax: 2, valueBytesMax: 3 });
    store.save("big", bytes("1234"));
    for (const key of ["a", "b", "c"]) store.save(key, bytes(key));
    await store.flush();
    expect(text(await store.load("b"))).toBe("b");
    expect(await store.load("c")).toBeUndefined();
    expect(await store.load("big")).toBeUndefined();
  });
});
