import { describe, expect, it } from "vitest";
import { monoNanos } from "../std/time.ts";
import { SignalBoard, SignalFrame } from "./hub-frame.ts";
import { HubSocket, type RawSocket } from "./hub-socket.ts";

/** A peer that takes bytes only when told to. */
class FakeRaw implements RawSocket {
  readonly sent: string[] = [];
  buffered = 0;
  isReading = true;
  corks = 0;
  ended: number | undefined;

  send(data: Uint8Array): number {
    this.sent.push(Buffer.from(data).toString());
    if (!this.isReading) this.buffered += data.byteLength;
    return 1;
  }
  getBufferedAmount(): number {
    return this.buffered;
  }
  cork(run: () => void): void {
    this.corks++;
    run();
  }
  end(code?: number): void {
    this.ended = code;
  }
}

const BYTES_MAX = 100;
const now = (ms: number) => monoNanos(ms * 1e6);

const setUp = () => {
  const raw = new FakeRaw();
  const board = new SignalBoard();
  const socket = new HubSocket(
    raw,
    "json",
    board,
    { bytesMax: BYTES_MAX, stalledMsMax: 1000, messagesPerSMax: 10 },
    now(0),
  );
  /** {"n": seq} of a symbol index, as the board and the socket get it. */
  const offer = (symbolIndex: number, seq: number): void => {
    const encoded = Uint8Array.of(0x81, 0xa1, 0x6e, seq);
    const frame = new SignalFrame(symbolIndex, encoded);
    board.put(frame);
    socket.offer(frame);
  };
  const seqs = (): number[] =>
    raw.sent.map((text) => Number(/"n":(\d+)/.exec(text)?.[1] ?? NaN));
  return { raw, socket, offer, seqs };
};

describe("a hub socket", () => {
  it("sends every signal of a turn in order and in one packet", () => {
    const { raw, socket, offer, seqs } = setUp();
    offer(0, 1);
    offer(1, 2);
    offer(0, 3);
    socket.flush(now(0));
    expect(seqs()).toEqual([1, 2, 3]);
    expect(raw.corks).toBe(1);
    expect(socket.delivered).toBe(3);
  });

  it("keeps the newest of each symbol while it is behind, and sends those once it reads again", () => {
    const { raw, socket, offer, seqs } = setUp();
    raw.isReading = false;
    for (const seq of [1, 2, 3, 4]) {
      offer(0, seq);
      socket.flush(now(seq));
    }
    expect(socket.isBehind).toBe(true);
    const sentBefore = raw.sent.length;
    expect(sentBefore).toBeLessThan(4);
    offer(1, 50);
    for (const seq of [5, 6, 7]) offer(0, seq);
    socket.flush(now(10));
    expect(raw.sent.length).toBe(sentBefore);
    expect(socket.pending).toBe(2);
    raw.isReading = true;
    raw.buffered = 0;
    socket.drained(now(11));
    expect(seqs().slice(sentBefore)).toEqual([7, 50]);
    expect(socket.isBehind).toBe(false);
    offer(0, 8);
    socket.flush(now(12));
    expect(seqs().at(-1)).toBe(8);
    expect(socket.conflated).toBeGreaterThan(0);
  });

  it("never holds more than its bound and one frame", () => {
    const { raw, socket, offer } = setUp();
    raw.isReading = false;
    for (let i = 0; i < 1000; i++) {
      offer(i % 7, i % 128);
      socket.flush(now(i));
    }
    expect(raw.buffered).toBeLessThanOrEqual(BYTES_MAX + 60);
    expect(socket.pending).toBe(7);
  });

  it("does not count as stalled while the peer reads now and then", () => {
    const { raw, socket, offer } = setUp();
    raw.isReading = false;
    for (let at = 0; at < 5000; at += 100) {
      offer(0, 1);
      socket.flush(now(at));
      if (at % 500 === 0) {
        raw.buffered = 0;
        socket.drained(now(at));
      }
      expect(socket.isStalled(now(at))).toBe(false);
    }
    expect(socket.isStalled(now(10_000))).toBe(true);
  });

  it("sends a snapshot before the signals that follow it", () => {
    const { raw, socket, offer } = setUp();
    offer(0, 1);
    socket.flush(now(0));
    socket.offerSnapshot(0);
    socket.flush(now(1));
    offer(0, 2);
    socket.flush(now(2));
    expect(raw.sent.map((text) => text.slice(0, 18))).toEqual([
      '{"type":"signal","',
      '{"type":"snapshot"',
      '{"type":"signal","',
    ]);
  });

  it("paces: one frame of a symbol an interval, the newest", () => {
    const { raw, socket, offer, seqs } = setUp();
    socket.pace(100);
    for (let ms = 0; ms <= 250; ms += 10) {
      offer(0, ms / 10);
      socket.flush(now(ms));
    }
    expect(seqs()).toEqual([0, 10, 20]);
    socket.flush(now(300));
    expect(seqs()).toEqual([0, 10, 20, 25]);
    expect(raw.corks).toBe(4);
  });

  it("forgets a symbol that is no longer wanted", () => {
    const { raw, socket, offer } = setUp();
    socket.pace(1000);
    offer(0, 1);
    socket.flush(now(0));
    offer(0, 2);
    socket.forget(0);
    socket.flush(now(2000));
    expect(raw.sent).toHaveLength(1);
  });

  it("drops what can be done without while it is behind, and refuses replies beyond twice the bound", () => {
    const { raw, socket } = setUp();
    raw.isReading = false;
    const chunk = Buffer.alloc(BYTES_MAX, 0x20);
    expect(socket.reply(chunk, now(0))).toBe(true);
    expect(socket.reply(chunk, now(0))).toBe(true);
    socket.tell(chunk, now(0));
    expect(raw.sent).toHaveLength(2);
    expect(socket.reply(chunk, now(0))).toBe(true);
    expect(socket.reply(chunk, now(0))).toBe(false);
  });

  it("lets through a burst of messages, then as many a second as allowed", () => {
    const { socket } = setUp();
    const spent = (atMs: number, times: number): number =>
      Array.from({ length: times }, () => socket.spend(now(atMs))).filter(
        Boolean,
      ).length;
    expect(spent(0, 50)).toBe(20);
    expect(spent(500, 50)).toBe(5);
    expect(spent(60_000, 50)).toBe(20);
  });

  it("sends nothing once closed", () => {
    const { raw, socket, offer } = setUp();
    socket.end(1013, "too slow");
    offer(0, 1);
    socket.flush(now(0));
    socket.reply(Buffer.from("x"), now(0));
    socket.drained(now(0));
    expect(raw.sent).toEqual([]);
    expect(raw.ended).toBe(1013);
  });
});
