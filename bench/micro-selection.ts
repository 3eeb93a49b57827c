/**
 * How fast the swarm store is without packets: `npm run bench -- micro-selection [part …]`.
 * Parts: workload, big, policy, memory10m, snapshot. Prints CPU nanoseconds an
 * announce with its answer (the best of some rounds), and bytes per peer.
 */
import { createRandom } from '../src/domain/random.js';
import { AddressLevelsWriter } from '../src/selection/address-levels.js';
import type { CostTable, MixRules } from '../src/selection/cost-table.js';
import { AnnounceRequest } from '../src/tracker/announce-request.js';
import { AnnounceOutcome } from '../src/tracker/swarm/announce-outcome.js';
import type { Requester } from '../src/tracker/swarm/choice/requester.js';
import {
  decodeSnapshot,
  encodeSnapshotEnd,
  encodeSnapshotFrame,
  encodeSnapshotHeader,
} from '../src/tracker/swarm/snapshot/snapshot-codec.js';
import { SwarmStore } from '../src/tracker/swarm/swarm-store.js';

const SUBDOMAINS = 2000;
const FOREIGN = 5000;
const ROUNDS = 5;

function policy(version: number, mixOverride: Partial<MixRules> = {}): CostTable {
  const groupCount = 1 + SUBDOMAINS + FOREIGN;
  const random = createRandom(version);
  const partition = new Uint8Array(groupCount).fill(15);
  const rateRank = new Uint8Array(groupCount);
  const densityLevel = new Uint8Array(groupCount).fill(8);
  for (let g = 1; g <= SUBDOMAINS; g++) {
    partition[g] = g % 4 === 0 ? 1 : 0;
    densityLevel[g] = random.below(16);
  }
  for (let g = SUBDOMAINS + 1; g < groupCount; g++) rateRank[g] = g % 40;
  const scoreOf = new Uint8Array(128);
  for (let l = 0; l < 8; l++) for (let d = 0; d < 16; d++) scoreOf[l * 16 + d] = (7 - l) * 8 + (d >> 1);
  return {
    version,
    groupCount,
    partition,
    rateRank,
    densityLevel,
    scoreOf,
    mix: {
      enoughInnerPeers: 12,
      foreignPeersMin: 0,
      foreignPeersMax: 50,
      foreignPeersWhenNoInnerSeed: 5,
      gatewaysMax: 0,
      grain: 'as',
      ...mixOverride,
    },
    reportedCapability: new AddressLevelsWriter(0).current,
    overrides: new Map(),
  };
}

/** No operator at all: every choice is uniform over the swarm. */
function randomPolicy(): CostTable {
  const table = policy(1);
  table.partition.fill(15);
  table.rateRank.fill(0);
  return table;
}

function createStore(table: CostTable, arenaBytes = 3 * 2 ** 30): SwarmStore {
  return new SwarmStore({ random: createRandom(1), policy: table, arenaBytes, minIntervalSeconds: 0 });
}

/** Peer numbers → torrents by weight(i) = N/P + exp(6.5 − 500·i/N). */
function workload(torrents: number, peers: number): Uint32Array {
  const random = createRandom(42);
  const cumulative = new Float64Array(torrents);
  let sum = 0;
  for (let i = 0; i < torrents; i++) {
    sum += torrents / peers + Math.exp(6.5 - (500 * i) / torrents);
    cumulative[i] = sum;
  }
  const torrentOf = new Uint32Array(peers);
  for (let p = 0; p < peers; p++) {
    const at = (random.nextUint32() / 2 ** 32) * sum;
    let low = 0;
    let high = torrents - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! < at) low = middle + 1;
      else high = middle;
    }
    torrentOf[p] = low;
  }
  return torrentOf;
}

function hash(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

class Driver {
  request = new AnnounceRequest();
  outcome = new AnnounceOutcome();
  bytes = Buffer.alloc(40);
  out = Buffer.alloc(1500);
  /** Of a thousand peers. */
  readonly #innerShare: number;

  constructor(
    readonly store: SwarmStore,
    innerShare = 0.3,
    private readonly innerGroups = SUBDOMAINS,
    private readonly foreignGroups = FOREIGN,
  ) {
    this.#innerShare = Math.floor(innerShare * 1000);
    this.request.bytes = this.bytes;
    this.request.peerIdOffset = 20;
    this.request.numWant = 50;
  }

  #requester: Requester | undefined;

  announce(torrent: number, peer: number, now: number): void {
    const { request, bytes } = this;
    const t = hash(torrent + 77);
    bytes.writeUInt32BE(t, 0);
    bytes.writeUInt32BE(hash(t), 4);
    bytes.writeUInt32BE(torrent, 8);
    bytes.writeUInt32BE(peer, 20);
    const h = hash(peer);
    request.word0 = h;
    request.port = 1024 + (peer % 60000);
    const h2 = hash(h + 1);
    request.group =
      h2 % 1000 < this.#innerShare
        ? 1 + ((h2 >>> 10) % this.innerGroups)
        : 1 + SUBDOMAINS + ((h2 >>> 10) % this.foreignGroups);
    request.seed = isSeed(peer);
    request.nowSeconds = now;
    this.#requester = this.store.announce(request, this.outcome);
  }

  select(): number {
    const requester = this.#requester ?? this.store.locate(this.request);
    return this.store.select(this.request, requester, this.out, 0, 50);
  }
}

/** Three of four peers. */
function isSeed(peer: number): boolean {
  return hash(hash(peer) + 1) % 4 !== 0;
}

/** CPU milliseconds of one step: what the machine's other work does to it is left out. */
function cpuMs(step: () => void): number {
  const start = process.cpuUsage();
  step();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
}

const ns = (start: bigint): number => Number(process.hrtime.bigint() - start);

/** CPU nanoseconds of a step, on average. */
function cpuNs(count: number, step: (i: number, round: number) => void, round = 0): number {
  return (
    (cpuMs(() => {
      for (let i = 0; i < count; i++) step(i, round);
    }) *
      1e6) /
    count
  );
}

function measure(name: string, count: number, step: (i: number, round: number) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, cpuNs(count, step, round));
  console.log(`${name}: ${best.toFixed(0)} ns`);
  return best;
}

function runWorkload() {
  const torrents = 1_000_000;
  const peers = 2_000_000;
  const torrentOf = workload(torrents, peers);
  const rss = process.memoryUsage().rss;
  const store = createStore(policy(1));
  const driver = new Driver(store);
  const start = process.hrtime.bigint();
  for (let p = 0; p < peers; p++) {
    driver.announce(torrentOf[p]!, p, 100);
  }
  console.log(`fill (announce only): ${(ns(start) / peers).toFixed(0)} ns per peer`);
  console.log(
    store.stats,
    `rss ${((process.memoryUsage().rss - rss) / peers).toFixed(1)} B/peer, touched ${(store.stats.touchedBytes / peers).toFixed(1)}, used ${(store.stats.usedBytes / peers).toFixed(1)}`,
  );
  const random = createRandom(5);
  let given = 0;
  const both = (seconds: number) => (_: number, round: number) => {
    const p = random.below(peers);
    driver.announce(torrentOf[p]!, p, seconds + round);
    given += driver.select();
  };
  measure('harness alone', 300_000, () => {
    const p = random.below(peers);
    hash(torrentOf[p]!);
  });
  measure('announce without select', 300_000, (_, round) => {
    const p = random.below(peers);
    driver.announce(torrentOf[p]!, p, 150 + round);
  });
  const ranked = measure('announce + select, policy of 7,000 groups', 300_000, both(200));
  console.log(`peers an answer ${(given / (300_000 * ROUNDS)).toFixed(1)}`);
  store.setPolicy(policy(1, { gatewaysMax: 3 }));
  measure('the same with gateways', 300_000, both(300));
  store.setPolicy(randomPolicy());
  given = 0;
  const uniform = measure('the same, random choice', 300_000, both(400));
  console.log(
    `peers an answer ${(given / (300_000 * ROUNDS)).toFixed(1)}; ranking costs ${(ranked - uniform).toFixed(0)} ns`,
  );
  let worst = 0;
  for (let i = 0; i < 200_000; i++) {
    if (i % 20_000 === 0) store.setPolicy(policy(2 + i));
    const p = random.below(peers);
    worst = Math.max(
      worst,
      cpuMs(() => {
        driver.announce(torrentOf[p]!, p, 600);
        driver.select();
      }),
    );
  }
  console.log(`longest announce with ten policy changes: ${worst.toFixed(2)} ms`);
}

/**
 * The same question put to a small swarm and to a large one: 50 peers for a leecher, who may be given anybody, of 100 peers
 * in 5 groups and of a million in 5,000 (with only inner peers: 2,000). Where inner peers are fewer than 50 (the mixed
 * small swarm), foreign ones fill the answer. Choosing is what an announce with an answer takes longer than one without;
 * rounds alternate, because the machine's other work comes and goes.
 */
function runBig() {
  const cases = [
    { peers: 100, share: 1, innerGroups: 5, foreignGroups: 0 },
    { peers: 1_000_000, share: 1, innerGroups: SUBDOMAINS, foreignGroups: 0 },
    { peers: 100, share: 0.3, innerGroups: 2, foreignGroups: 3 },
    { peers: 1_000_000, share: 0.3, innerGroups: SUBDOMAINS, foreignGroups: 3000 },
  ];
  const table = (version: number): CostTable => policy(version, { enoughInnerPeers: 50 });
  const random = createRandom(5);
  const swarms = cases.map((one) => {
    const driver = new Driver(createStore(table(1)), one.share, one.innerGroups, one.foreignGroups);
    let worst = 0;
    for (let p = 0; p < one.peers; p++) {
      worst = Math.max(
        worst,
        cpuMs(() => driver.announce(1, p, 100)),
      );
    }
    const leechers: number[] = [];
    for (let p = 0; leechers.length < Math.min(1000_000, one.peers) / 5; p++) if (!isSeed(p)) leechers.push(p);
    const figures = { announces: [] as number[], answers: [] as number[] };
    return { ...one, ...figures, driver, worst, leechers: Uint32Array.from(leechers) };
  });
  const count = 100_000;
  for (let round = 0; round < 12; round++) {
    for (const { driver, leechers, announces, answers } of swarms) {
      const next = () => driver.announce(1, leechers[random.below(leechers.length)]!, 200 + round);
      announces.push(cpuNs(count, next));
      answers.push(
        cpuNs(count, () => {
          next();
          driver.select();
        }),
      );
    }
  }
  const results = swarms.map(({ driver, peers, share, worst, announces, answers }) => {
    const announce = Math.min(...announces);
    const answer = Math.min(...answers);
    const change = Array.from({ length: 5 }, (_, i) => {
      const changed = table(2 + i);
      return cpuMs(() => {
        driver.store.setPolicy(changed);
        driver.announce(1, 5, 300);
        driver.select();
      });
    });
    console.log(
      `swarm of ${peers}, ${share * 100} % inner: announce ${announce.toFixed(0)} ns, choosing ${(answer - announce).toFixed(0)} ns, ${driver.select()} peers; worst insert ${worst.toFixed(2)} ms; ${(driver.store.stats.touchedBytes / peers).toFixed(1)} B/peer; policy change and first answer ${change.map((ms) => ms.toFixed(2)).join(', ')} ms`,
    );
    return { answer, choosing: answer - announce, median: median(answers) - median(announces) };
  });
  for (const [name, first] of [
    ['inner', 0],
    ['mixed', 2],
  ] as const) {
    const [small, large] = [results[first]!, results[first + 1]!];
    console.log(
      `1 M : 100, ${name}: choosing ${(large.choosing / small.choosing).toFixed(2)} (of medians ${(large.median / small.median).toFixed(2)}), announce with answer ${(large.answer / small.answer).toFixed(2)}`,
    );
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function runMemory10m() {
  const torrentOf = workload(1_000_000, 10_000_000);
  const store = createStore(policy(1));
  const driver = new Driver(store);
  const rss = process.memoryUsage().rss;
  const start = process.hrtime.bigint();
  for (let p = 0; p < torrentOf.length; p++) driver.announce(torrentOf[p]!, p, 100);
  console.log(
    store.stats,
    `${(ns(start) / 1e7).toFixed(0)} ns per peer, rss grew ${((process.memoryUsage().rss - rss) / 2 ** 20).toFixed(0)} MiB`,
  );
}

function runSnapshot() {
  const peers = 2_000_000;
  const torrentOf = workload(1_000_000, peers);
  const store = createStore(policy(1));
  const driver = new Driver(store);
  for (let p = 0; p < peers; p++) driver.announce(torrentOf[p]!, p, 100);
  const parts = [encodeSnapshotHeader({ takenAtMs: Date.now(), nowSeconds: 100 })];
  const walk = store.exportFrames();
  let worst = 0;
  let total = 0;
  for (let done = false; !done; ) {
    const ms = cpuMs(() => {
      const next = walk.next();
      done = next.done === true;
      if (!next.done) parts.push(encodeSnapshotFrame(next.value));
    });
    worst = Math.max(worst, ms);
    total += ms;
  }
  parts.push(encodeSnapshotEnd(parts.length - 1));
  console.log(`write: ${total.toFixed(0)} ms CPU, worst slice ${worst.toFixed(2)} ms, ${parts.length} parts`);
  const bytes = new Uint8Array(Buffer.concat(parts));
  const loaded = createStore(policy(1));
  const snapshot = decodeSnapshot(bytes);
  const frames = snapshot.frames();
  worst = 0;
  total = 0;
  for (let done = false; !done; ) {
    const ms = cpuMs(() => {
      const next = frames.next();
      done = next.done === true;
      if (!next.done) loaded.importFrame(next.value, snapshot, 100, 0, (_, word) => 1 + (word % 7000));
    });
    worst = Math.max(worst, ms);
    total += ms;
  }
  console.log(`load: ${total.toFixed(0)} ms CPU, worst slice ${worst.toFixed(2)} ms, ${loaded.stats.peers} peers`);
}

function additions(count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + (i ^ (sum >>> 3))) | 0;
  return sum;
}

/** What one CPU nanosecond of this machine is worth now: about 1 ns on a quiet 3 GHz core. */
function calibrate() {
  let best = Infinity;
  for (let round = 0; round < 5; round++) best = Math.min(best, (cpuMs(() => additions(2e7)) * 1e6) / 2e7);
  console.log(`a dependent step of four operations takes ${best.toFixed(2)} ns here now`);
}

const parts = { workload: runWorkload, big: runBig, snapshot: runSnapshot, memory10m: runMemory10m };
const asked = process.argv.slice(2);
for (const [name, run] of Object.entries(parts)) {
  if (asked.length > 0 ? asked.includes(name) : name !== 'memory10m') {
    console.log(`== ${name}`);
    calibrate();
    run();
  }
}
