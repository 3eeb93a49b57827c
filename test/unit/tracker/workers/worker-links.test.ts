import { describe, expect, it } from 'vitest';
import { MESSAGE_WORDS, type RingMessage } from '../../../../src/tracker/workers/ring.js';
import { createLinksMemory, type LinkReceiver, WorkerLinks } from '../../../../src/tracker/workers/worker-links.js';
import { MAX_HTTP_RESPONSE_BYTES } from '../../../../src/transport/transport.js';

const BYTES = new Uint8Array(MAX_HTTP_RESPONSE_BYTES).map((_, i) => i);
const HEAD_BYTES = 8_192;
const KIND = 9;

/** What a worker has received, and what it replies. */
class Receiver implements LinkReceiver {
  readonly requests: string[] = [];
  readonly answers: string[] = [];
  private readonly links: WorkerLinks;
  private readonly answerBytes: number;

  constructor(links: WorkerLinks, answerBytes: number) {
    this.links = links;
    this.answerBytes = answerBytes;
  }

  onRequest(from: number, { words }: RingMessage): void {
    this.requests.push(`${from}: ${words[1]}`);
    this.links.reply(from, KIND, words, BYTES, 0, this.answerBytes);
  }

  onAnswer(from: number, { words, length }: RingMessage): void {
    this.answers.push(`${from}: ${words[1]}, ${length} bytes`);
  }
}

class Group {
  readonly wakes: number[] = [];
  readonly links: WorkerLinks[];
  readonly receivers: Receiver[];
  private readonly memory: SharedArrayBuffer;
  private readonly count: number;
  private readonly answerBytes: number;

  constructor(count: number, answerBytes = 3) {
    this.count = count;
    this.answerBytes = answerBytes;
    this.memory = createLinksMemory(count);
    this.links = Array.from({ length: count }, (_, index) => this.start(index));
    this.receivers = this.links.map((links) => new Receiver(links, answerBytes));
    for (let worker = 0; worker < count; worker++) this.drain(worker);
  }

  restart(index: number): void {
    this.links[index] = this.start(index);
    this.receivers[index] = new Receiver(this.links[index]!, this.answerBytes);
  }

  /** @returns false if there was no room */
  ask(from: number, to: number, n: number, length = 100): boolean {
    if (!this.links[from]!.hasRoom(to, length)) return false;
    const words = new Int32Array(MESSAGE_WORDS);
    words[1] = n;
    this.links[from]!.ask(to, KIND, words, BYTES, 0, length);
    return true;
  }

  drain(worker: number): void {
    this.links[worker]!.drain(this.receivers[worker]!);
  }

  private start(index: number): WorkerLinks {
    const events = Array.from({ length: this.count }, (_, i) => 70 + i);
    const share = { index, count: this.count };
    return new WorkerLinks({ memory: this.memory, events }, share, (event) => void this.wakes.push(event - 70));
  }
}

describe('links between workers', () => {
  it.each([2, 4, 7])('carry requests and answers between each two of %i', (count) => {
    const group = new Group(count);
    const pairs = Array.from({ length: count * count }, (_, i) => [Math.floor(i / count), i % count] as const).filter(
      ([from, to]) => from !== to,
    );
    for (const [from, to] of pairs) group.ask(from, to, 100 * from + to);
    for (let round = 0; round < 2; round++) for (let worker = 0; worker < count; worker++) group.drain(worker);
    for (let worker = 0; worker < count; worker++) {
      const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== worker);
      const { requests, answers } = group.receivers[worker]!;
      expect(requests).toEqual(others.map((from) => `${from}: ${100 * from + worker}`));
      expect([...answers].sort()).toEqual(others.map((to) => `${to}: ${100 * worker + to}, 3 bytes`));
    }
  });

  it('wake a worker once, until it has looked', () => {
    const group = new Group(3);
    for (let n = 0; n < 5; n++) group.ask(0, 1, n);
    group.ask(2, 1, 9);
    expect(group.wakes).toEqual([1]);
    group.drain(1);
    // Its answers.
    expect(group.wakes).toEqual([1, 0, 2]);
    group.ask(2, 1, 10);
    expect(group.wakes).toEqual([1, 0, 2, 1]);
  });

  it('keep requests for a worker that is down, for its successor', () => {
    const group = new Group(2);
    for (let n = 0; n < 5; n++) group.ask(0, 1, n);
    group.restart(1);
    expect(group.wakes).toEqual([1]);
    group.drain(1);
    expect(group.receivers[1]!.requests).toEqual(['0: 0', '0: 1', '0: 2', '0: 3', '0: 4']);
    group.drain(0);
    expect(group.receivers[0]!.answers).toHaveLength(5);
  });

  it('do not bring the request that ended a worker to its successor', () => {
    const group = new Group(2);
    group.ask(0, 1, 1);
    group.ask(0, 1, 2);
    const ended = new Error('the thread ends');
    expect(() =>
      group.links[1]!.drain({
        onRequest: () => {
          throw ended;
        },
        onAnswer: () => {},
      }),
    ).toThrow(ended);
    group.restart(1);
    group.drain(1);
    expect(group.receivers[1]!.requests).toEqual(['0: 2']);
  });

  it('drop an answer to an earlier start of a worker', () => {
    const group = new Group(2);
    group.ask(0, 1, 1);
    group.restart(0);
    group.ask(0, 1, 2);
    group.drain(1);
    expect(group.receivers[1]!.requests).toEqual(['0: 1', '0: 2']);
    group.drain(0);
    expect(group.receivers[0]!.answers).toEqual(['1: 2, 3 bytes']);
  });

  it('say when a worker that is down has no more room', () => {
    const group = new Group(2);
    let n = 0;
    while (group.ask(0, 1, n)) n++;
    expect(n).toBeGreaterThan(500);
    const words = new Int32Array(MESSAGE_WORDS);
    expect(() => group.links[0]!.ask(1, KIND, words, BYTES, 0, 100)).toThrow(/no room/);
    group.drain(1);
    expect(group.receivers[1]!.requests).toHaveLength(n);
    expect(group.ask(0, 1, n)).toBe(true);
  });

  it('take a request only while there is room for the longest answer, and go on once there is', () => {
    const group = new Group(2, MAX_HTTP_RESPONSE_BYTES);
    const total = 20;
    for (let n = 0; n < total; n++) group.ask(0, 1, n);
    group.drain(1);
    const { requests } = group.receivers[1]!;
    const { answers } = group.receivers[0]!;
    expect(requests.length).toBeGreaterThan(1);
    expect(requests.length).toBeLessThan(total);
    // It waits for room without being asked again.
    group.drain(1);
    const taken = requests.length;
    while (answers.length < total) {
      const before = answers.length;
      group.wakes.length = 0;
      group.drain(0);
      expect(answers.length).toBeGreaterThan(before);
      if (answers.length === total) break;
      // The reader of the answers has woken it.
      expect(group.wakes).toContain(1);
      group.drain(1);
    }
    expect(taken).toBeLessThan(total);
    expect(requests).toEqual(Array.from({ length: total }, (_, n) => `0: ${n}`));
  });

  it('answers pass while both wait for room for requests', () => {
    const group = new Group(2);
    let n = 0;
    for (; group.ask(0, 1, n, HEAD_BYTES) && group.ask(1, 0, n, HEAD_BYTES); n++);
    for (let round = 0; round < 3; round++) for (const worker of [0, 1]) group.drain(worker);
    for (const { answers } of group.receivers) expect(answers.length).toBeGreaterThanOrEqual(n);
  });

  it('take less memory for each pair where there are many workers', () => {
    expect(createLinksMemory(2).byteLength).toBeLessThan(4 * 1024 ** 2);
    expect(createLinksMemory(8).byteLength).toBeLessThan(80 * 1024 ** 2);
    expect(createLinksMemory(16).byteLength).toBeLessThan(80 * 1024 ** 2);
  });
});
