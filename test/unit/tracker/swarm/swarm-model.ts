/**
 * The swarm store as plain objects, for comparison: slow, obvious, and ranking every pair by itself. Peers are known by
 * `family/host:port`; observed capability is left out, because the operations it is given upload nothing.
 */
import type { CostTable } from '../../../../src/selection/cost-table.js';
import { EVENT_COMPLETED, EVENT_NONE, EVENT_PAUSED, EVENT_STOPPED } from '../../../../src/tracker/announce-request.js';
import type { Announce } from './store-fixture.js';

export interface ModelPeer {
  family: 4 | 6;
  name: string;
  group: number;
  seed: boolean;
  paused: boolean;
  withheld: boolean;
  completed: boolean;
  upstream: boolean;
  level: number;
  lastSeen: number;
}

export class ModelSwarm {
  completed = 0;
  kept = false;
  readonly peers = new Map<string, ModelPeer>();

  seeds(): number {
    return [...this.peers.values()].filter((peer) => peer.seed && !peer.upstream).length;
  }

  leechers(): number {
    return [...this.peers.values()].filter((peer) => !peer.seed && !peer.upstream).length;
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

  announce(
    spec: Required<Pick<Announce, 'torrent' | 'family' | 'host' | 'port' | 'group' | 'now'>> & Announce,
    reported: number,
  ): void {
    const swarm = this.swarm(spec.torrent);
    const key = `${spec.family}/${spec.host}:${spec.port}`;
    const old = swarm.peers.get(key);
    if (spec.event === EVENT_STOPPED) {
      swarm.peers.delete(key);
      return;
    }
    const known = old !== undefined && !old.upstream;
    const early = known && spec.event === EVENT_NONE && spec.now - old.lastSeen < this.minInterval;
    let completed = old?.completed ?? false;
    if (spec.event === EVENT_COMPLETED && spec.seed === true && !completed) {
      completed = true;
      swarm.completed++;
    }
    swarm.peers.set(key, {
      family: spec.family,
      name: `${spec.host}:${spec.port}`,
      group: spec.group,
      seed: spec.seed === true,
      paused: spec.seed !== true && spec.event === EVENT_PAUSED,
      withheld: spec.withheld === true,
      completed,
      upstream: false,
      level: reported >= 0 ? reported & 7 : 4,
      lastSeen: early ? old.lastSeen : spec.now,
    });
  }

  expire(now: number): void {
    for (const swarm of this.swarms.values()) {
      for (const [key, peer] of swarm.peers) if (now - peer.lastSeen >= this.maxAge) swarm.peers.delete(key);
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
}
