import { describe, expect, it } from 'vitest';
import { parsePrefix } from '../../../../src/domain/ip-address.js';
import { NetworkSet } from '../../../../src/domain/network-set.js';
import { createRandom, type Random } from '../../../../src/domain/random.js';
import { reportedCapability } from '../../../../src/selection/address-levels.js';
import { EVENT_COMPLETED, EVENT_NONE, EVENT_PAUSED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import {
  FLAG_SEED,
  FLAG_SHARED_HOST,
  FLAG_UPSTREAM,
  recordWordsOf,
} from '../../../../src/tracker/swarm/memory/peer-record.js';
import {
  PEER_EXPIRED,
  PEER_INSERTED,
  PEER_REFRESHED,
  PEER_REMOVED,
  type SwarmChange,
  type SwarmListener,
} from '../../../../src/tracker/swarm/swarm-changes.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import {
  announce,
  CHEAP,
  costTable,
  createStore,
  dropSwarm,
  FIXTURE_GROUPS,
  HOME_A,
  HOME_B,
  infoHash,
} from './store-fixture.js';

const INTERVAL = 1200;
const MAX_AGE = INTERVAL * 1.5;
const HEADER_WORDS = 9;
const KEPT_FLAGS = 255 & ~FLAG_SHARED_HOST;

interface Listed {
  flags: number;
  /** As stored: modulo 65,536. */
  lastSeen: number;
}

function nameOf(hash: Uint32Array, family: number, address: Uint32Array, port: number): string {
  return `${hash.join()} ${address.subarray(0, family === 4 ? 1 : 4).join()} ${port}`;
}

/** What the store holds, read from its own export. */
function listing(store: SwarmStore): Map<string, Listed> {
  const peers = new Map<string, Listed>();
  for (const frame of store.exportFrames()) {
    let at = 0;
    while (at < frame.length) {
      const hash = frame.subarray(at, at + 5);
      let record = at + HEADER_WORDS;
      for (const [family, count] of [
        [4, frame[at + 7]!],
        [6, frame[at + 8]!],
      ] as const) {
        const addressWords = family === 4 ? 1 : 4;
        for (let i = 0; i < count; i++, record += recordWordsOf(addressWords)) {
          const meta = record + addressWords;
          peers.set(nameOf(hash, family, frame.subarray(record, meta), frame[meta]! >>> 16), {
            flags: (frame[meta + 2]! >>> 24) & KEPT_FLAGS,
            lastSeen: frame[meta + 1]! & 0xffff,
          });
        }
      }
      at = record;
    }
  }
  return peers;
}

/** A plain map that receives changes and nothing else. */
class Copy implements SwarmListener {
  readonly peers = new Map<string, Listed>();
  readonly seen = new Map<number, number>();
  readonly problems: unknown[] = [];

  changed({ kind, infoHash, family, address, port, flags, seconds }: SwarmChange): void {
    const name = nameOf(infoHash, family, address, port);
    this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1);
    const known = this.peers.has(name);
    if (known === (kind === PEER_INSERTED))
      throw new Error(`change ${kind} of ${name}, which is ${known ? '' : 'un'}known`);
    if (kind === PEER_INSERTED || kind === PEER_REFRESHED) this.peers.set(name, { flags, lastSeen: seconds & 0xffff });
    else this.peers.delete(name);
  }

  failed(error: unknown): void {
    this.problems.push(error);
  }
}

function copyOf(store: SwarmStore): Copy {
  const copy = new Copy();
  store.changes.listener = copy;
  return copy;
}

function expectSame(copy: Copy, store: SwarmStore): void {
  expect(copy.problems).toEqual([]);
  expect(new Map([...copy.peers].sort())).toEqual(new Map([...listing(store)].sort()));
}

/** A store, a copy of it, and random operations on the store. */
class History {
  readonly store: SwarmStore;
  readonly copy: Copy;
  private readonly random: Random;
  private version = 1;
  private now = 5000;

  constructor(smallMax: number, rankedMax: number, seed: number) {
    this.store = createStore({
      intervalSeconds: INTERVAL,
      smallMax,
      rankedMax,
      storeLimits: { maxPeers: 150, maxTorrents: 10, reservedForInner: 0.1 },
      limits: { maxPeersPerAddressInSwarm: 4, maxPeersPerAddress: 0, maxPeersPerSiteInSwarm: 0, maxPeersPerSite: 0 },
    });
    this.copy = copyOf(this.store);
    this.random = createRandom(seed);
  }

  private oneOf<T>(...items: readonly T[]): T {
    return items[this.random.below(items.length)]!;
  }

  step(): void {
    const { store, random, now } = this;
    const torrent = this.oneOf(1, 1, 1, 1, 2, 3);
    const which = random.below(200);
    if (which < 150) {
      const host = 1 + random.below(60);
      announce(store, {
        torrent,
        family: this.oneOf(4, 4, 6),
        host,
        port: this.oneOf(1001, 1002),
        group: this.oneOf(HOME_A, HOME_A, HOME_B, CHEAP),
        seed: this.oneOf(true, false),
        event: this.oneOf(EVENT_NONE, EVENT_NONE, EVENT_NONE, EVENT_PAUSED, EVENT_COMPLETED, EVENT_STOPPED),
        // Clients that are seen at several addresses and ports, and over both families.
        peerId: random.below(40),
        key: this.oneOf(0, 7),
        withheld: random.below(10) === 0,
        now,
      });
    } else if (which < 180) this.now += random.below(120);
    else if (which < 188) store.sweeps.expire(now, 1 + random.below(60));
    else if (which < 194) this.addUpstream(torrent);
    else if (which < 197) this.report();
    else if (which < 198) this.deny();
    else if (which < 199) this.importOther();
    else if (random.below(3) === 0) dropSwarm(store, torrent, now);
  }

  /** Silence until all have expired. */
  end(): void {
    this.now += MAX_AGE;
    this.store.sweeps.expire(this.now, 1_000_000);
  }

  private addUpstream(torrent: number): void {
    const peers = Array.from({ length: 5 }, () => ({
      family: 4 as const,
      words: [(0xcb000000 + 1 + this.random.below(90)) >>> 0],
      port: 1001,
      group: CHEAP,
      seed: this.oneOf(true, false),
    }));
    this.store.addUpstreamPeers(infoHash(torrent), peers, 600, this.now);
  }

  private report(): void {
    const hosts = Array.from({ length: 5 }, () => 1 + this.random.below(60));
    const reported = new Map(hosts.map((host) => [`203.0.0.${host}`, this.oneOf(0, 7, 6 | 128)]));
    const policy = costTable(FIXTURE_GROUPS, { version: ++this.version, reported });
    this.store.setPolicy({ ...policy, reportedCapability: reportedCapability(reported, this.version) });
    this.store.refreshCapability(1, this.now);
  }

  private deny(): void {
    const host = 1 + this.random.below(60);
    this.store.sweeps.denial.denyAddresses(
      new NetworkSet([parsePrefix(`203.0.0.${host}/32`), parsePrefix(`2001:db8:0:${host}::/64`)]),
    );
    while (!this.store.sweeps.denial.isRoundEnded)
      this.store.sweeps.continueRound(this.store.sweeps.denial, 0.5, this.now);
  }

  /** A snapshot of another store comes in. */
  private importOther(): void {
    const other = createStore({ intervalSeconds: INTERVAL });
    for (let host = 50; host < 70; host++) {
      announce(other, { torrent: this.oneOf(1, 4), family: this.oneOf(4, 6), host, port: 1001, now: 900 + host });
    }
    for (const frame of other.exportFrames()) {
      this.store.importFrame(frame, { nowSeconds: 1000 }, this.now, 30, () => HOME_A);
    }
  }
}

describe('a map that applies the changes of a store', () => {
  for (const [name, smallMax, rankedMax] of [
    ['small', 32, 2_000],
    ['ranked', 2, 2_000],
    ['bucketed', 2, 8],
  ] as const) {
    it(`has what the store lists (${name} swarms)`, () => {
      const history = new History(smallMax, rankedMax, 1);
      for (let i = 0; i < 6_000; i++) {
        history.step();
        if (i % 20 === 0) expectSame(history.copy, history.store);
      }
      for (const kind of [PEER_INSERTED, PEER_REFRESHED, PEER_REMOVED, PEER_EXPIRED]) {
        expect(history.copy.seen.get(kind), `changes of kind ${kind}`).toBeGreaterThan(50);
      }
      history.end();
      expectSame(history.copy, history.store);
      expect(history.copy.peers.size).toBe(0);
    });
  }
});

describe('a change', () => {
  const recorded = (store: SwarmStore) => {
    const changes: { kind: number; family: number; word: number; port: number; flags: number; seconds: number }[] = [];
    store.changes.listener = {
      changed: ({ kind, family, address, port, flags, seconds }) =>
        changes.push({ kind, family, word: address[family === 4 ? 0 : 1]!, port, flags, seconds }),
      failed: (error) => {
        throw error;
      },
    };
    return changes;
  };
  const host4 = (host: number): number => (0xcb000000 + host) >>> 0;

  it('says what an announce did, and nothing where it did nothing', () => {
    const store = createStore({ intervalSeconds: INTERVAL, minIntervalSeconds: 60 });
    const changes = recorded(store);
    announce(store, { host: 1, now: 1000 });
    announce(store, { host: 1, now: 1030 });
    announce(store, { host: 1, now: 1040, seed: true });
    announce(store, { host: 1, now: 1100, seed: true });
    announce(store, { host: 1, now: 1101, event: EVENT_STOPPED });
    announce(store, { host: 9, now: 1101, event: EVENT_STOPPED });
    const peer = { family: 4, word: host4(1), port: 6881 };
    expect(changes).toEqual([
      { ...peer, kind: PEER_INSERTED, flags: 0, seconds: 1000 },
      // An early repeat does not prolong the lifetime.
      { ...peer, kind: PEER_REFRESHED, flags: FLAG_SEED, seconds: 1000 },
      { ...peer, kind: PEER_REFRESHED, flags: FLAG_SEED, seconds: 1100 },
      { ...peer, kind: PEER_REMOVED, flags: FLAG_SEED, seconds: 1101 },
    ]);
  });

  it('removes the old address of a client before it inserts the new one', () => {
    const store = createStore();
    const changes = recorded(store);
    announce(store, { host: 1, peerId: 5, key: 7, now: 1000 });
    announce(store, { host: 2, peerId: 5, key: 7, now: 1500 });
    announce(store, { host: 2, port: 99, peerId: 5, key: 7, now: 1600 });
    expect(changes.map(({ kind, word, port }) => [kind, word, port])).toEqual([
      [PEER_INSERTED, host4(1), 6881],
      [PEER_REMOVED, host4(1), 6881],
      [PEER_INSERTED, host4(2), 6881],
      [PEER_REMOVED, host4(2), 6881],
      [PEER_INSERTED, host4(2), 99],
    ]);
  });

  it('tells foreign peers and their lifetime, and when one announces itself', () => {
    const store = createStore({ intervalSeconds: INTERVAL });
    const changes = recorded(store);
    const peers = [{ family: 4 as const, words: [host4(3)], port: 6881, group: CHEAP, seed: false }];
    store.addUpstreamPeers(infoHash(1), peers, 600, 5000);
    store.addUpstreamPeers(infoHash(1), peers, 600, 5100);
    announce(store, { host: 3, group: CHEAP, now: 5200 });
    expect(changes.map(({ kind, flags, seconds }) => [kind, flags, seconds])).toEqual([
      [PEER_INSERTED, FLAG_UPSTREAM, 5600 - MAX_AGE],
      [PEER_REFRESHED, FLAG_UPSTREAM, 5700 - MAX_AGE],
      [PEER_REFRESHED, 0, 5200],
    ]);
  });

  it('tells each peer of a dropped swarm, and expiry apart from removal', () => {
    const store = createStore({ intervalSeconds: INTERVAL });
    const changes = recorded(store);
    announce(store, { host: 1, now: 1000 });
    announce(store, { host: 2, family: 6, now: 1000 });
    announce(store, { torrent: 2, host: 3, now: 1000 });
    dropSwarm(store, 1, 1200);
    store.sweeps.expire(1000 + MAX_AGE, 1_000_000);
    expect(changes.slice(3).map(({ kind, family, word, seconds }) => [kind, family, word, seconds])).toEqual([
      [PEER_REMOVED, 4, host4(1), 1200],
      [PEER_REMOVED, 6, 2, 1200],
      [PEER_EXPIRED, 4, host4(3), 1000 + MAX_AGE],
    ]);
  });

  it('does not disturb the store when its listener throws: it is detached and told', () => {
    const store = createStore();
    const errors: unknown[] = [];
    const error = new Error('broken');
    store.changes.listener = {
      changed: () => {
        throw error;
      },
      failed: (reason) => errors.push(reason),
    };
    announce(store, { host: 1 });
    expect(announce(store, { host: 2 }).outcome.leechers).toBe(2);
    expect(errors).toEqual([error]);
    expect(store.changes.listener).toBeNull();
  });
});
