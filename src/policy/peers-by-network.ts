/** The peers that announce here by sub-domain, and inside and outside the operator's network. Pure. */
import type { LocalityGroup } from '../domain/locality-group.js';

export interface PeerCounts {
  readonly seeds: number;
  readonly leechers: number;
}

/** Of the data plane. */
export interface GroupCounts {
  readonly countedAtMs: number;
  readonly groups: ReadonlyMap<number, PeerCounts>;
}

export interface PeersByNetwork {
  readonly countedAtMs: number;
  readonly inner: PeerCounts;
  readonly foreign: PeerCounts;
  /** Those with peers, the operator's caches there included. */
  readonly bySubdomain: ReadonlyMap<string, PeerCounts>;
}

export const NO_PEERS: PeerCounts = { seeds: 0, leechers: 0 };

/** @param groups by number */
export function peersByNetwork(counts: GroupCounts, groups: readonly (LocalityGroup | undefined)[]): PeersByNetwork {
  const bySubdomain = new Map<string, PeerCounts>();
  let inner = NO_PEERS;
  let foreign = NO_PEERS;
  for (const [number, peers] of counts.groups) {
    const group = groups[number];
    if (group === undefined || group.kind === 'foreign-as' || group.kind === 'unknown') {
      foreign = sumOf(foreign, peers);
      continue;
    }
    inner = sumOf(inner, peers);
    if (group.subdomain !== undefined)
      bySubdomain.set(group.subdomain, sumOf(bySubdomain.get(group.subdomain) ?? NO_PEERS, peers));
  }
  return { countedAtMs: counts.countedAtMs, inner, foreign, bySubdomain };
}

function sumOf(a: PeerCounts, b: PeerCounts): PeerCounts {
  return { seeds: a.seeds + b.seeds, leechers: a.leechers + b.leechers };
}
