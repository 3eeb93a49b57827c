import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_WORDS, messageBytes, Ring, RingMessage, ringBytes } from '../../../../src/tracker/workers/ring.js';

const CAPACITY = 4_096;
const LONGEST = 1_000;
const WRITER = fileURLToPath(new URL('./ring-writer.mjs', import.meta.url));

function ringOver(memory = new SharedArrayBuffer(64 + ringBytes(CAPACITY)), longest = LONGEST): Ring {
  return new Ring(memory, 64, CAPACITY, longest);
}

const wordsOf = (n: number): Int32Array =>
  Int32Array.from({ length: MESSAGE_WORDS }, (_, i) => (n + 1) * 0x0123_4567 * i);
const bytesOf = (n: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => n + 7 * i);

/** Writes message `n` from an odd offset. */
function write(ring: Ring, n: number, length: number): boolean {
  const around = new Uint8Array(length + 9).fill(0xee);
  around.set(bytesOf(n, length), 5);
  return ring.write(n, wordsOf(n), around, 5, length);
}

function taken({ kind, words, bytes, length }: RingMessage) {
  return { kind, words: [...words], bytes: Buffer.from(bytes.subarray(0, length)).toString('hex') };
}

const expected = (n: number, length: number) => ({
  kind: n,
  words: [...wordsOf(n)],
  bytes: Buffer.from(bytesOf(n, length)).toString('hex'),
});

describe('a ring', () => {
  it('gives messages of any length back as they were written, in order', () => {
    const ring = ringOver();
    const message = new RingMessage(LONGEST);
    for (const length of [0, 1, 2, 3, 4, 5, 999, 1_000]) expect(write(ring, length, length)).toBe(true);
    for (const length of [0, 1, 2, 3, 4, 5, 999, 1_000]) {
      expect(ring.read(message)).toBe(true);
      expect(taken(message)).toEqual(expected(length, length));
    }
    expect(ring.read(message)).toBe(false);
  });

  it('is full to the last word, and then takes nothing', () => {
    const ring = ringOver();
    const fitting = CAPACITY / messageBytes(80);
    expect(fitting).toBe(32);
    for (let n = 0; n < fitting; n++) expect(write(ring, n, 80)).toBe(true);
    expect(ring.hasRoom(0)).toBe(false);
    expect(write(ring, 99, 0)).toBe(false);
    const message = new RingMessage(LONGEST);
    expect(ring.read(message)).toBe(true);
    expect(ring.hasRoom(80)).toBe(true);
    expect(ring.hasRoom(81)).toBe(false);
  });

  it('agrees with a plain queue, whatever the lengths and however far both go around', () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: LONGEST }) }),
      fc.record({ read: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const ring = ringOver();
        const message = new RingMessage(LONGEST);
        const queue: { n: number; length: number }[] = [];
        let used = 0;
        steps.forEach((each, n) => {
          if ('write' in each) {
            const length = each.write;
            const fits = used + messageBytes(length) <= CAPACITY;
            expect(ring.hasRoom(length)).toBe(fits);
            expect(write(ring, n, length)).toBe(fits);
            if (fits) queue.push({ n, length });
            if (fits) used += messageBytes(length);
            return;
          }
          for (let i = 0; i < each.read; i++) {
            const first = queue.shift();
            expect(ring.read(message)).toBe(first !== undefined);
            if (first === undefined) continue;
            expect(taken(message)).toEqual(expected(first.n, first.length));
            used -= messageBytes(first.length);
          }
        });
      }),
    );
  });

  it('goes on where its positions overflow', () => {
    const memory = new SharedArrayBuffer(64 + ringBytes(CAPACITY));
    const header = new Int32Array(memory, 64);
    // Both positions, in different cache lines.
    for (const word of [0, 16]) header[word] = 0x7fff_fff0;
    const ring = ringOver(memory);
    const message = new RingMessage(LONGEST);
    for (let n = 0; n < 50; n++) {
      expect(write(ring, n, 333)).toBe(true);
      expect(ring.read(message)).toBe(true);
      expect(taken(message)).toEqual(expected(n, 333));
    }
    expect(header[0]).toBeLessThan(0);
  });

  it('has advanced before a message is handled: a successor does not get it again', () => {
    const memory = new SharedArrayBuffer(64 + ringBytes(CAPACITY));
    const writer = ringOver(memory);
    write(writer, 1, 10);
    write(writer, 2, 20);
    const message = new RingMessage(LONGEST);
    expect(ringOver(memory).read(message)).toBe(true);
    expect(message.kind).toBe(1);
    const successor = ringOver(memory);
    expect(successor.read(message)).toBe(true);
    expect(message.kind).toBe(2);
    expect(successor.read(message)).toBe(false);
  });

  it('reads up to a position, so that one call of a reader ends', () => {
    const ring = ringOver();
    write(ring, 1, 1);
    const { end } = ring;
    write(ring, 2, 1);
    const message = new RingMessage(LONGEST);
    expect(ring.read(message, end)).toBe(true);
    expect(ring.position).toBe(end);
    expect(ring.read(message, end)).toBe(false);
    expect(ring.read(message)).toBe(true);
  });

  it('tells its reader of a writer that waits, once', () => {
    const ring = ringOver();
    const message = new RingMessage(LONGEST);
    expect(ring.awaitRoom(LONGEST)).toBe(true);
    expect(ring.takeWaiting()).toBe(false);
    while (write(ring, 1, LONGEST));
    expect(ring.awaitRoom(LONGEST)).toBe(false);
    expect(ring.read(message)).toBe(true);
    expect(ring.takeWaiting()).toBe(true);
    expect(ring.takeWaiting()).toBe(false);
    expect(ring.awaitRoom(LONGEST)).toBe(true);
  });

  it('refuses a message that it could never hold', () => {
    expect(() => write(ringOver(), 1, LONGEST + 1)).toThrow(RangeError);
    expect(() => ringOver(undefined, CAPACITY)).toThrow(RangeError);
    expect(() => new Ring(new SharedArrayBuffer(9_999), 0, 5_000, 10)).toThrow(RangeError);
  });

  it('carries 100,000 messages from one thread to another', async () => {
    const capacity = 65_536;
    const longest = 99;
    const memory = new SharedArrayBuffer(ringBytes(capacity));
    const ring = new Ring(memory, 0, capacity, longest);
    const message = new RingMessage(longest);
    const total = 100_000;
    const writer = new Worker(WRITER, { workerData: { memory, capacity, longest, total } });
    const failed = once(writer, 'error').then(([error]) => Promise.reject(error as Error));
    const read = async (): Promise<void> => {
      for (let n = 0; n < total; ) {
        if (!ring.read(message)) {
          await new Promise<void>((resolve) => setImmediate(resolve));
          continue;
        }
        const length = (n * 7_919) % (longest + 1);
        let fine = message.kind === n && message.length === length && message.words[MESSAGE_WORDS - 1] === ~n;
        for (let i = 0; i < length; i++) if (message.bytes[i] !== ((n + i) & 0xff)) fine = false;
        if (!fine) throw new Error(`message ${n} is not what was written`);
        n++;
      }
    };
    await Promise.race([read(), failed]);
    expect(ring.read(message)).toBe(false);
    await writer.terminate();
  });
});
