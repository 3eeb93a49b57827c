/**
 * The announces of `reports-effect.ts`, a process of its own: peers announce at random moments (Poisson), each from its own
 * address, at a rate that does not wait for answers. An answer's time is from the clock before the system call that sent the
 * request to the stamp that the kernel put on the answer when it arrived (SO_TIMESTAMPNS), so how soon this process is
 * scheduled to read it does not count. Commands come over the channel of `fork`.
 */
import { openSync, readSync } from 'node:fs';
import koffi from 'koffi';
import { createRandom } from '../src/domain/random.js';
import { SOL_SOCKET } from '../src/transport/linux/linux-abi.js';
import { openNativeCalls } from '../src/transport/linux/native-calls.js';
import { NativeMemory } from '../src/transport/linux/native-memory.js';
import { setOption } from '../src/transport/linux/open-socket.js';
import { BATCH, UdpBatch } from './load/udp-batch.js';
import { nodeWord, PEERS, peerNode, peerPort, peerTorrent } from './reports-effect-population.js';

const CONTROL_BYTES = 64;
const ANNOUNCE_BYTES = 98;
const NUM_WANT = 50;
const SO_TIMESTAMPNS = 35;
const CLOCK_REALTIME = 0;
/** Between two looks at the clock: an answer takes longer. */
const REST_MICROSECONDS = 30;
const SETTLE_MS = 100;
/** Announces of windows in which the hypervisor took time from a core, and of their neighbours, are left out. */
const WINDOW_NS = 50e6;

export type AnnouncerCommand =
  | { readonly command: 'fill'; readonly host: string; readonly port: number }
  /** @property rate announces a second */
  | { readonly command: 'run'; readonly seconds: number; readonly rate: number; readonly seed: number };

/** Times in microseconds. */
export interface AnnounceTimes {
  readonly sent: number;
  readonly answered: number;
  /** How often the next announce was more than a millisecond late. */
  readonly late: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly keptPercent: number;
  /** For quantiles over several rounds. */
  readonly histogram: readonly (readonly [microseconds: number, count: number])[];
}

const libc = koffi.load(null);
const usleep = libc.func('usleep', 'int', ['uint']);
const clockGetTime = libc.func('clock_gettime', 'int', ['int', 'uintptr_t']);
const calls = await openNativeCalls();
const clockMemory = new NativeMemory(calls, 4_096);
const clock = clockMemory.reserve(16);
const source = new Uint32Array(1);
let batch: UdpBatch;
/** By node. */
const connectionIds = new Map<number, readonly [high: number, low: number]>();
let sentAtNs = new Float64Array();
let latencies = new Float64Array();
let windowOf = new Uint16Array();
let answered = 0;
let originSeconds = 0;
let begunNs = 0;
const statFile = openSync('/proc/stat', 'r');
const statBytes = Buffer.alloc(256);

process.on('message', (command: AnnouncerCommand) => {
  if (command.command === 'fill') process.send!(fill(command.host, command.port));
  else process.send!(run(command.seconds, command.rate, command.seed));
});
process.on('disconnect', () => process.exit(0));

function fill(host: string, port: number): { connected: number } {
  batch = new UdpBatch(calls, { host, port }, CONTROL_BYTES);
  setOption(calls, clockMemory, batch.fd, [SOL_SOCKET, SO_TIMESTAMPNS, 1]);
  originSeconds = nowSeconds();
  const nodes = [...new Set(Array.from({ length: PEERS }, (_, peer) => peerNode(peer)))];
  inWindows(
    nodes.length,
    (message, i) => {
      setSource(message, nodes[i]!, batch.writeConnect(message, i));
    },
    (at) => {
      const { view } = batch.memory;
      const i = view.getUint32(at + 4);
      connectionIds.set(nodes[i]!, [view.getUint32(at + 8), view.getUint32(at + 12)]);
    },
  );
  inWindows(
    PEERS,
    (message, peer) => announce(message, peer, peer),
    () => {},
  );
  return { connected: connectionIds.size };
}

/** Sends `count` messages, a batch at a time, each batch once the last is answered or lost. */
function inWindows(count: number, build: (message: number, i: number) => void, take: (at: number) => void): void {
  for (let from = 0; from < count; from += BATCH) {
    const some = Math.min(BATCH, count - from);
    for (let i = 0; i < some; i++) build(i, from + i);
    batch.send(some);
    for (let left = some, rests = 0; left > 0 && rests < 2_000; ) {
      const received = batch.receive();
      for (let i = 0; i < received; i++) take(batch.inAt(i));
      left -= received;
      if (received === 0) {
        rests++;
        usleep(50);
      }
    }
  }
}

/** Announces for `seconds` at `rate` a second. @returns quantiles of the answer times in microseconds */
function run(seconds: number, rate: number, seed: number): AnnounceTimes {
  const random = createRandom(seed);
  const total = Math.ceil(seconds * rate * 1.2) + 1_000;
  sentAtNs = new Float64Array(total).fill(-1);
  latencies = new Float64Array(total);
  windowOf = new Uint16Array(total);
  answered = 0;
  let sent = 0;
  let late = 0;
  const begun = timeNs();
  begunNs = begun;
  const end = begun + seconds * 1e9;
  let due = begun;
  let restUntil = 0;
  const stolen = new Float64Array(Math.ceil((seconds * 1e9) / WINDOW_NS) + 4);
  let window = -1;
  for (;;) {
    const now = timeNs();
    if (now >= end + SETTLE_MS * 1e6) break;
    if (Math.floor((now - begun) / WINDOW_NS) > window) {
      window = Math.floor((now - begun) / WINDOW_NS);
      stolen[window] = stolenTicks();
    }
    let some = 0;
    if (now - due > 1e6) late++;
    while (due <= now && due < end && some < BATCH && sent + some < total) {
      announce(some, random.below(PEERS), sent + some);
      due += (-Math.log(1 - random.nextUint32() / 2 ** 32) / rate) * 1e9;
      some++;
    }
    if (some > 0) {
      const at = timeNs();
      for (let i = 0; i < some; i++) sentAtNs[sent + i] = at;
      if (batch.send(some) !== some) throw new Error('an announce could not be sent');
      sent += some;
    }
    while (take() === BATCH);
    restUntil = timeNs();
    if (due > restUntil + 5_000) usleep(REST_MICROSECONDS);
  }
  for (let i = 1; i < stolen.length; i++) stolen[i] ||= stolen[i - 1]!;
  const isCalm = (i: number): boolean => stolen[Math.max(0, i - 1)] === stolen[Math.min(stolen.length - 1, i + 2)];
  const kept = latencies.subarray(0, answered).filter((_, i) => isCalm(windowOf[i]!));
  const sorted = kept.sort();
  const quantile = (q: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]! / 100) / 10;
  return {
    sent,
    answered,
    late,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: quantile(1),
    keptPercent: Math.round((100 * sorted.length) / answered),
    histogram: histogramOf(sorted),
  };
}

/** Counts by microsecond, the last for a second and more, as [microseconds, count]. */
function histogramOf(sorted: Float64Array): [microseconds: number, count: number][] {
  const counts = new Map<number, number>();
  for (const ns of sorted) {
    const us = Math.floor(ns / 1_000);
    counts.set(us, (counts.get(us) ?? 0) + 1);
  }
  return [...counts];
}

/** Of all cores, in hundredths of a second. */
function stolenTicks(): number {
  const length = readSync(statFile, statBytes, 0, statBytes.length, 0);
  return Number(statBytes.toString('latin1', 0, length).split(/\s+/)[8]);
}

function take(): number {
  const { view, words } = batch.memory;
  const received = batch.receive();
  for (let i = 0; i < received; i++) {
    const at = batch.inAt(i);
    if (view.getUint32(at) !== 1) continue;
    const id = view.getUint32(at + 4);
    const sentNs = sentAtNs[id];
    if (sentNs === undefined || sentNs < 0) continue;
    sentAtNs[id] = -1;
    const control = batch.controlAt(i);
    if (words[(control + 12) >>> 2] !== SO_TIMESTAMPNS) throw new Error('no time stamp came with the answer');
    const stamp = (words[(control + 16) >>> 2]! - originSeconds) * 1e9 + words[(control + 24) >>> 2]!;
    windowOf[answered] = Math.floor((sentNs - begunNs) / WINDOW_NS);
    latencies[answered++] = stamp - sentNs;
  }
  return received;
}

function announce(message: number, peer: number, id: number): void {
  const { bytes, view } = batch.memory;
  const at = batch.outAt(message);
  const node = peerNode(peer);
  const [high, low] = connectionIds.get(node)!;
  const torrent = peerTorrent(peer);
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
  view.setUint32(at + 8, 1);
  view.setUint32(at + 12, id);
  bytes.fill(0, at + 16, at + ANNOUNCE_BYTES);
  for (let word = 0; word < 5; word++)
    view.setUint32(at + 16 + 4 * word, Math.imul(torrent + 1, 0x9e3779b1 + word) >>> 0);
  view.setUint32(at + 36, 0x2d54_4c30);
  view.setUint32(at + 40, 0x3030_312d);
  view.setUint32(at + 44, peer);
  // Every other peer is a seed.
  if ((peer & 1) === 0) view.setUint32(at + 68, 1_000);
  view.setUint32(at + 88, peer);
  view.setUint32(at + 92, NUM_WANT);
  view.setUint16(at + 96, peerPort(peer));
  setSource(message, node, ANNOUNCE_BYTES);
}

function setSource(message: number, node: number, lengthBytes: number): void {
  source[0] = nodeWord(node);
  batch.setSource(message, source, 0, lengthBytes);
}

/** Seconds since 1970. */
function nowSeconds(): number {
  clockGetTime(CLOCK_REALTIME, clockMemory.address + clock);
  return clockMemory.words[clock >>> 2]!;
}

/** Since the start of this process: so small that a double holds every nanosecond. */
function timeNs(): number {
  clockGetTime(CLOCK_REALTIME, clockMemory.address + clock);
  const { words } = clockMemory;
  return (words[clock >>> 2]! - originSeconds) * 1e9 + words[(clock + 8) >>> 2]!;
}
