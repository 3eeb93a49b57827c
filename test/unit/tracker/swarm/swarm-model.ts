/**
 * The swarm store as plain objects, for comparison: slow, obvious, and ranking every pair by itself. Peers are known by
 * `family/host:port`. Evidence is a list of what happened, and hosts are counted again for each question.
 */
import type { CostTable } from '../../../../src/selection/cost-table.js';
import { observeCapability } from '../../../../src/selection/observed-capability.js';
import { EVENT_COMPLETED, EVENT_NONE, EVENT_PAUSED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import { ModelEvidence } from './evidence-model.js';
import { isLeecher, type Located, type ModelPeer } from './model-peer.js';
import type { Announce } from './store-fixture.js';

const uploadedUnits = (bytes: number): number => Math.floor(bytes / 16_384);

export class ModelSwarm {
  completed = 0;
  kept = false;
  readonly peers = new Map<string, ModelPeer>();
  readonly evidence = { 4: new ModelEvidence(this.peers, 4), 6: new ModelEvidence(this.peers, 6) };

  seeds(): number {
    return [...this.peers.values()].filter((peer) => peer.seed && !peer.upstream).length;
  }

  leechers(): number {
    return [...this.peers.values()].filter((peer) => !peer.seed && !peer.upstream).length;
  }

  /** A swarm that nobody of a family is left in remembers nothing. */
  remove(key: string): void {
    const family = this.peers.get(key)?.family;
    this.peers.delete(key);
    if (family === undefined || [...this.peers.values()].some((peer) => peer.family === family)) return;
    this.evidence[family] = new ModelEvidence(this.peers, family);
  }
}

export class SwarmModel {
  readonly swarms = new Map<number, ModelSwarm>();

  constructor(
    public policy: CostTable,
    private readonly minInterval: number,
    private readonly maxAge: number,
  ) {}

  swarm(torrent: number): ModelSwarm {
    const swarm = this.swarms.get(torrent) ?? new ModelSwarm();
    this.swarms.set(torrent, swarm);
    return swarm;
  }

  announce(spec: Located, reported: number): void {
    const swarm = this.swarm(spec.torrent);
    const key = `${spec.family}/${spec.host}:${spec.port}`;
    const old = swarm.peers.get(key);
    if (spec.event === EVENT_STOPPED) {
      swarm.remove(key);
      return;
    }
    const known = old !== undefined && !old.upstream;
    const early = known && spec.event === EVENT_NONE && spec.now - old.lastSeen < this.minInterval;
    let completed = old?.completed ?? false;
    if (spec.event === EVENT_COMPLETED && spec.seed === true && !completed) {
      completed = true;
      swarm.completed++;
    }
    const uploaded = uploadedUnits(spec.uploaded ?? 0);
    let level = reported >= 0 ? reported & 7 : (old?.level ?? 4);
    if (reported < 0 && known && !early) {
      level = observeCapability(level, Math.max(0, uploaded - old.uploaded), spec.now - old.lastSeen);
    }
    const peer: ModelPeer = {
      family: spec.family,
      name: `${spec.host}:${spec.port}`,
      host: spec.host,
      group: spec.group,
      seed: spec.seed === true,
      paused: spec.seed !== true && spec.event === EVENT_PAUSED,
      withheld: spec.withheld === true,
      completed,
      upstream: false,
      cache: reported >= 0 && (reported & 128) !== 0,
      level,
      lastSeen: early ? old.lastSeen : spec.now,
      uploaded: known && early ? old.uploaded : uploaded,
      downloaded: uploadedUnits(spec.downloaded ?? 0),
      marked: false,
      generation: 0,
      abroad: false,
    };
    swarm.peers.set(key, peer);
    const inner = this.policy.partition[spec.group] !== 15;
    const evidence = swarm.evidence[spec.family];
    if (known) evidence.review(old, peer, inner, early, spec, uploaded);
    if (!known || !old.seed) evidence.begin(peer, inner);
  }

  /**
   * One imported peer, while a swarm has at most `most` of them. @param lastSeen from which its lifetime counts
   * @returns whether it is in the swarm now
   */
  importPeer(
    {
      torrent,
      host,
      group,
      seed,
      origin,
    }: Pick<ModelPeer, 'host' | 'group' | 'seed'> & { torrent: number; origin: number },
    lastSeen: number,
    most: number,
    { isRefused }: { readonly isRefused: boolean },
  ): boolean {
    const swarm = this.swarm(torrent);
    const key = `4/${host}:1001`;
    const known = swarm.peers.get(key);
    if (known !== undefined) {
      if (!known.upstream || (lastSeen <= known.lastSeen && known.origin !== origin)) return true;
      known.lastSeen = lastSeen;
      known.origin = origin;
      return true;
    }
    const imported = [...swarm.peers].filter(([, peer]) => peer.upstream);
    if (imported.length >= most) {
      const [oldest, first] = imported.reduce((a, b) => (b[1].lastSeen < a[1].lastSeen ? b : a));
      if (isRefused || first.lastSeen >= lastSeen) return false;
      swarm.remove(oldest);
    }
    swarm.peers.set(key, {
      family: 4,
      name: `${host}:1001`,
      host,
      group,
      seed,
      paused: false,
      withheld: false,
      completed: false,
      upstream: true,
      origin,
      cache: false,
      level: 4,
      lastSeen,
      uploaded: 0,
      downloaded: 0,
      marked: false,
      generation: 0,
      abroad: false,
    });
    return true;
  }

  expire(now: number): void {
    for (const swarm of this.swarms.values()) {
      for (const [key, peer] of swarm.peers) if (now - peer.lastSeen >= this.maxAge) swarm.remove(key);
    }
    for (const [torrent, swarm] of this.swarms) {
      if (swarm.peers.size === 0 && !swarm.kept) this.swarms.delete(torrent);
    }
  }

  /** Tier, rate and score of a pair as one number; at least 100,000 is foreign. */
  rank(requesterGroup: number, peer: ModelPeer): number {
    const { partition, rateRank, densityLevel, scoreOf, overrides } = this.policy;
    const score = scoreOf[peer.level * 16 + densityLevel[peer.group]!]!;
    const override = overrides.get(requesterGroup * 65_536 + peer.group);
    if (override !== undefined) {
      if (override >= 512) return 100_000 + (override - 512) * 100 + score;
      return Math.floor(override / 256) * 1000 + (override % 256) * 100 + score;
    }
    if (partition[peer.group] === 15) return 100_000 + rateRank[peer.group]! * 100 + score;
    return (partition[peer.group] === partition[requesterGroup] ? 0 : 1000) + score;
  }

  /** Everybody who may be handed to this requester. */
  offered(spec: Announce & { torrent: number; family: 4 | 6; host: number; port: number }): ModelPeer[] {
    const swarm = this.swarms.get(spec.torrent);
    if (swarm === undefined) return [];
    const takesOnly = spec.seed === true || spec.event === EVENT_PAUSED;
    return [...swarm.peers.values()].filter(
      (peer) =>
        peer.family === spec.family &&
        peer.name !== `${spec.host}:${spec.port}` &&
        !peer.withheld &&
        !(takesOnly && (peer.seed || peer.paused)),
    );
  }

  /** How the answer of an inner requester is made up where there are no gateways: the ranks of its peers, best first. */
  expectedRanks(spec: Located): { ranks: number[]; inner: number } {
    const want = spec.numWant ?? 50;
    const waits = spec.seed !== true && spec.event !== EVENT_PAUSED;
    const rankOf = (peer: ModelPeer): number => this.rank(spec.group, peer);
    const offered = this.offered(spec).sort((a, b) => rankOf(a) - rankOf(b));
    const inner = offered.filter((peer) => rankOf(peer) < 100_000);
    const foreign = offered.filter((peer) => rankOf(peer) >= 100_000);
    const swarm = this.swarm(spec.torrent);
    const own = swarm.peers.get(`${spec.family}/${spec.host}:${spec.port}`)!;
    const waiting = [...swarm.peers.values()].filter(
      (peer) => peer.family === spec.family && !peer.withheld && isLeecher(peer) && rankOf(peer) < 100_000,
    );
    const supply = waits ? swarm.evidence[spec.family].judge(waiting.length, spec.now) : undefined;
    const supplied = supply === undefined || (supply.suffices && !own.marked);
    const counted =
      supply === undefined ? inner.length : waiting.filter((peer) => peer !== own).length + supply.serving;
    const { enoughInnerPeers, foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed } = this.policy.mix;
    const least = Math.max(foreignPeersMin, supplied ? 0 : foreignPeersWhenNoInnerSeed);
    const lone = counted === 0;
    const enough = !lone && inner.length >= Math.min(enoughInnerPeers, want);
    const quota = enough ? least : Math.max(least, foreignPeersMax);
    const room = inner.length === 0 ? want : Math.floor(want / 2);
    const kept = Math.min(lone ? quota : least, foreign.length, room);
    const innerCount = Math.min(inner.length, want - kept);
    const foreignCount = Math.min(quota, foreign.length, want - innerCount);
    // A client that has nobody else is given foreign seeds first.
    const ordered = lone ? [...foreign.filter((peer) => !isLeecher(peer)), ...foreign.filter(isLeecher)] : foreign;
    if (foreignCount > 0 && isLeecher(own)) own.abroad = true;
    const chosen = [...inner.slice(0, innerCount), ...ordered.slice(0, foreignCount)];
    return { ranks: chosen.map(rankOf), inner: innerCount };
  }
}
