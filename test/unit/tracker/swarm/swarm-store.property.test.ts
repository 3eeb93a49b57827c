import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/domain/random.js';
import type { CostTable } from '../../../../src/selection/cost-table.js';
import { EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import { ScrapeOutcome } from '../../../../src/tracker/swarm/announce-outcome.js';
import { Arena } from '../../../../src/tracker/swarm/memory/arena.js';
import { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { CheckedArena } from './memory/checked-arena.js';
import type { Located, ModelPeer } from './model-peer.js';
import { type Announce, announce, costTable, infoHash, PLAIN_MIX } from './store-fixture.js';
import { SwarmModel } from './swarm-model.js';

const INTERVAL = 1200;
const MIN_INTERVAL = 60;
const IMPORTED_MAX = 5;
const GROUPS = 8;

/** Policies that differ in everything but the number of groups; group 0 stays foreign. */
const policyArbitrary = fc
  .record({
    groups: fc.array(
      fc.record({
        partition: fc.constantFrom(0, 0, 1, 2, 15, 15),
        rateRank: fc.integer({ min: 0, max: 3 }),
        densityLevel: fc.integer({ min: 0, max: 15 }),
      }),
      { minLength: GROUPS, maxLength: GROUPS },
    ),
    enoughInnerPeers: fc.integer({ min: 0, max: 8 }),
    foreignPeersMin: fc.integer({ min: 0, max: 3 }),
    foreignPeersMax: fc.integer({ min: 3, max: 12 }),
    foreignPeersWhenNoInnerSeed: fc.integer({ min: 0, max: 3 }),
    overrides: fc.array(fc.tuple(fc.integer({ min: 0, max: 65_536 * 7 + 7 }), fc.constantFrom(0, 256, 511, 512, 515)), {
      maxLength: 2,
    }),
  })
  .map(({ groups, overrides, ...mix }): CostTable => {
    const fixed = groups.map((group) => (group.partition === 15 ? group : { ...group, rateRank: 0 }));
    fixed[0] = { partition: 15, rateRank: 3, densityLevel: 8 };
    const pairs = overrides
      .map(([pair, order]) => [(Math.floor(pair / 65_536) % GROUPS) * 65_536 + (pair % GROUPS), order] as const)
      // The relation of a requester to its own group is not overridden here, so that it never leaves its own class.
      .filter(([pair]) => Math.floor(pair / 65_536) !== pair % 65_536);
    return costTable(fixed, { mix: { ...PLAIN_MIX, ...mix }, overrides: new Map(pairs), reported: REPORTED });
  });

const REPORTED = new Map([
  ['203.0.0.3', 7],
  ['203.0.0.4', 0],
  ['203.0.0.5', 6 | 128],
  ['2001:db8:0:7::1', 1],
]);

const announceOf = (hosts: number) =>
  fc.record({
    kind: fc.constant('announce' as const),
    torrent: fc.constantFrom(1, 1, 1, 2),
    family: fc.constantFrom<4 | 6>(4, 4, 6),
    host: fc.integer({ min: 1, max: hosts }),
    port: fc.constantFrom(1001, 1002),
    group: fc.integer({ min: 0, max: GROUPS - 1 }),
    seed: fc.boolean(),
    event: fc.constantFrom(0, 0, 1, 2, 3, 4),
    numWant: fc.constantFrom(0, 1, 4, 10, 50),
    withheld: fc.constantFrom(false, false, false, false, true),
    uploaded: fc.constantFrom(0, 0, 1e9, 3e9),
    downloaded: fc.constantFrom(0, 0, 1e6, 7e6),
  });

const operationOf = (hosts: number, waits: number) =>
  fc.oneof(
    { weight: 30, arbitrary: announceOf(hosts) },
    {
      weight: waits,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 900 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('policy' as const), policy: policyArbitrary }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('upstream' as const),
        torrent: fc.constantFrom(1, 2),
        host: fc.integer({ min: 30, max: 60 }),
        group: fc.integer({ min: 0, max: GROUPS - 1 }),
        seed: fc.boolean(),
      }),
    },
  );

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** A store and its model, moved together and compared after each step. */
class Comparison {
  now = 5000;
  readonly expiries = new Set<number>();
  readonly mayBeBucketed: boolean;
  readonly model: SwarmModel;
  readonly store: SwarmStore;

  constructor(policy: CostTable, smallMax: number, rankedMax: number, isChecked: boolean) {
    this.mayBeBucketed = rankedMax < 100;
    this.model = new SwarmModel(policy, MIN_INTERVAL, INTERVAL * 1.5);
    this.store = new SwarmStore({
      random: createRandom(7),
      policy,
      arena: isChecked ? new CheckedArena(2 * 1024 * 1024) : new Arena(16 * 1024 * 1024),
      intervalSeconds: INTERVAL,
      minIntervalSeconds: MIN_INTERVAL,
      smallMax,
      rankedMax,
      limits: { maxImportedInSwarm: IMPORTED_MAX },
    });
  }

  announce(spec: Announce & { torrent: number; family: 4 | 6; host: number; port: number; group: number }): void {
    const full = { ...spec, now: this.now };
    const reported = REPORTED.get(spec.family === 4 ? `203.0.0.${spec.host}` : `2001:db8:0:${spec.host}::1`) ?? -1;
    this.model.announce(full, spec.family === 6 && spec.host !== 7 ? -1 : reported);
    const { outcome, peers } = announce(this.store, full);
    const swarm = this.model.swarm(spec.torrent);
    expect([outcome.seeds, outcome.leechers]).toEqual([swarm.seeds(), swarm.leechers()]);
    this.dropEmpty();
    if (spec.event === EVENT_STOPPED) expect(peers).toEqual([]);
    else this.checkAnswer(full, peers);
    this.checkSupply(full);
  }

  /** As many hosts serve, and as many starve, as the model counts. */
  checkSupply({ torrent, family }: Located): void {
    const words = family === 4 ? [0xcb0000ff] : [0x20010db8, 0xff, 0, 1];
    const { serving, starving } = this.store.explain(
      { infoHash: infoHash(torrent), family, words, group: 0 },
      0,
    ).supply;
    const swarm = this.model.swarms.get(torrent);
    expect({ serving, starving }).toEqual(swarm?.evidence[family].counts() ?? { serving: 0, starving: 0 });
  }

  checkAnswer(spec: Located, peers: string[]): void {
    const offered = this.model.offered(spec);
    const byName = new Map(offered.map((peer) => [peer.name, peer]));
    expect(new Set(peers).size, 'nobody twice').toBe(peers.length);
    for (const peer of peers) expect(byName.has(peer), `${peer} may be handed out`).toBe(true);
    const want = spec.numWant ?? 50;
    expect(peers.length).toBeLessThanOrEqual(want);
    const neighbours = want === 0 ? [] : offered.filter((peer) => peer.host === spec.host);
    // A real address has one group. Here one may be in and out: then all of one side may be handed out without the other.
    const isInner = this.model.policy.partition[spec.group] !== 15;
    for (const neighbour of neighbours) {
      if (this.model.rank(spec.group, neighbour) < 100_000 !== isInner) continue;
      expect(peers, 'the home goes first').toContain(neighbour.name);
    }
    if (this.model.policy.partition[spec.group] === 15) return;
    const { ranks, inner } = this.model.expectedRanks(spec);
    const got = peers.map((peer) => this.model.rank(spec.group, byName.get(peer)!));
    if (neighbours.length === 0) expect(got).toEqual(ranks);
    else
      expect([sorted(ranks), sorted(this.withNeighbour(spec, ranks, inner, neighbours[0]!))]).toContainEqual(
        sorted(got),
      );
  }

  /** The ranks of an answer that had no place for a peer of the requester's home: the last inner one goes for it. */
  withNeighbour(spec: Located, ranks: readonly number[], inner: number, neighbour: ModelPeer): number[] {
    const rank = this.model.rank(spec.group, neighbour);
    if (ranks.length < (spec.numWant ?? 50)) return [...ranks, rank];
    const last = inner > 0 ? inner - 1 : ranks.length - 1;
    return [...ranks.slice(0, last), rank, ...ranks.slice(last + 1)];
  }

  /** One imported peer. No two expire at the same time, so that it is clear which one a new one replaces. */
  importPeer({ torrent, host, group, seed }: { torrent: number; host: number; group: number; seed: boolean }): void {
    const { store, model, now } = this;
    let ttl = 300 + (host % 7) * 150;
    while (this.expiries.has(now + ttl)) ttl++;
    this.expiries.add(now + ttl);
    const words = [(0xcb000000 + host) >>> 0];
    const { swarmLimit } = store.addUpstreamPeers(
      infoHash(torrent),
      [{ family: 4, words, port: 1001, group, seed }],
      ttl,
      now,
      `origin ${host % 2}`,
    );
    const taken = model.importPeer(
      { torrent, host, group, seed, origin: host % 2 },
      now - INTERVAL * 1.5 + ttl,
      IMPORTED_MAX,
      {
        // Bucketed swarms are not walked for a peer to replace.
        isRefused: swarmLimit > 0 && this.mayBeBucketed,
      },
    );
    expect(swarmLimit, 'refused for the limit').toBe(taken ? 0 : 1);
  }

  dropEmpty(): void {
    for (const [torrent, swarm] of this.model.swarms) if (swarm.peers.size === 0) this.model.swarms.delete(torrent);
  }

  expireAll(): void {
    this.store.sweeps.expire(this.now, 1_000_000);
    this.model.expire(this.now);
  }

  checkCounts(): void {
    const all = [...this.model.swarms.values()];
    const { seeds, leechers, upstreamPeers, swarms } = this.store.stats;
    const upstream = all.flatMap((swarm) => [...swarm.peers.values()]).filter((peer) => peer.upstream).length;
    for (const [torrent, swarm] of this.model.swarms) {
      const named = [...swarm.peers.values()].filter((peer) => peer.upstream);
      const expected = [0, 1].flatMap((origin) => {
        const peers = named.filter((peer) => peer.origin === origin).length;
        return peers === 0 ? [] : [{ origin: `origin ${origin}`, peers }];
      });
      const found = this.store.upstream.importedOf(infoHash(torrent), this.now).imported;
      expect(
        found.map(({ origin, peers }) => ({ origin, peers })).sort((a, b) => (a.origin! < b.origin! ? -1 : 1)),
      ).toEqual(expected);
    }
    expect({ seeds, leechers, upstreamPeers, swarms }).toEqual({
      seeds: all.reduce((sum, swarm) => sum + swarm.seeds(), 0),
      leechers: all.reduce((sum, swarm) => sum + swarm.leechers(), 0),
      upstreamPeers: upstream,
      swarms: all.length,
    });
    const scrape = new ScrapeOutcome();
    for (const [torrent, swarm] of this.model.swarms) {
      this.store.scrape(infoHash(torrent), 0, scrape);
      expect([scrape.found, scrape.seeds, scrape.leechers]).toEqual([true, swarm.seeds(), swarm.leechers()]);
    }
  }
}

describe('the swarm store against a plain model', () => {
  for (const [smallMax, rankedMax, hosts, waits] of [
    [32, 2000, 40, 2],
    [2, 2000, 40, 2],
    [2, 8, 40, 2],
    [4, 16, 40, 2],
    // Few clients that come back often: evidence of who serves comes and goes.
    [32, 2000, 6, 12],
    [2, 2000, 6, 12],
    [2, 4, 6, 12],
  ] as const) {
    it(`agrees on any history (small up to ${smallMax}, ranked up to ${rankedMax}, ${hosts} hosts)`, () => {
      // An access outside a block throws; a hundred of these runs would take a minute.
      let checkedRuns = 5;
      fc.assert(
        fc.property(
          policyArbitrary,
          fc.array(operationOf(hosts, waits), { minLength: 20, maxLength: 150 }),
          (policy, operations) => {
            const comparison = new Comparison(policy, smallMax, rankedMax, checkedRuns-- > 0);
            const { model, store } = comparison;
            for (const operation of operations) {
              if (operation.kind === 'announce') comparison.announce(operation);
              else if (operation.kind === 'wait') comparison.now += operation.seconds;
              else if (operation.kind === 'expire') comparison.expireAll();
              else if (operation.kind === 'policy') {
                model.policy = operation.policy;
                store.setPolicy(operation.policy);
              } else comparison.importPeer(operation);
              comparison.checkCounts();
            }
            comparison.now += 10_000;
            comparison.expireAll();
            comparison.checkCounts();
            expect(store.stats.usedBytes, 'the arena is empty when everybody has left').toBe(0);
          },
        ),
        { numRuns: 40 },
      );
    });
  }
});
