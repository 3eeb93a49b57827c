/**
 * How many foreign peers the inner leechers of a swarm may have been given, if each asks now: for people, who follow the hours of
 * the day by it. It adds up what `mix` and `gateways` decide for one leecher after another.
 */
import type { MixRules } from './cost-table.js';
import { gatewayQuota, gatewayRank, wantedGateways } from './gateways.js';
import { seedsSuffice } from './supply.js';

/** Of one address family of a swarm, as the selection counts it. */
export interface SwarmSupply {
  readonly innerLeechers: number;
  /** With those that have not shown that they serve. */
  readonly innerSeeds: number;
  /** Hosts of inner seeds that have shown that they serve. */
  readonly serving: number;
  /** Hosts of inner leechers that starve. */
  readonly starved: number;
  /** An operator's cache is among the gateways. */
  readonly cacheServes: boolean;
}

export interface ForeignAllowance {
  readonly peersMax: number;
  /** Without those that starving leechers may become. */
  readonly gatewaysWanted: number;
}

/** Over both families. */
export interface ForeignOfSwarm extends ForeignAllowance {
  /** Inner leechers that are given foreign peers for the whole swarm. */
  readonly gateways: number;
}

export function foreignAllowance(mix: MixRules, supply: SwarmSupply): ForeignAllowance {
  const { innerLeechers, innerSeeds, serving, starved, cacheServes } = supply;
  const { enoughInnerPeers, foreignPeersMin, foreignPeersMax, gatewaysMax } = mix;
  if (innerLeechers === 0) return { peersMax: 0, gatewaysWanted: 0 };
  const rescue = seedsSuffice(innerLeechers, serving, starved) ? 0 : mix.foreignPeersWhenNoInnerSeed;
  const gatewaysWanted = wantedGateways(innerLeechers, serving, starved, cacheServes, gatewaysMax);
  const others = innerLeechers - 1;
  if (others + serving === 0) return { peersMax: Math.max(foreignPeersMax, foreignPeersMin, rescue), gatewaysWanted };
  if (gatewaysMax > 0) {
    const quota = Math.max(foreignPeersMin, gatewayQuota(mix, gatewayRank(0, cacheServes)));
    const gateways = Math.min(gatewaysWanted, innerLeechers);
    return { peersMax: gateways * quota + (innerLeechers - gateways) * foreignPeersMin, gatewaysWanted };
  }
  const least = Math.max(foreignPeersMin, rescue);
  const each = others + innerSeeds >= enoughInnerPeers ? least : Math.max(least, foreignPeersMax);
  return { peersMax: innerLeechers * each, gatewaysWanted };
}
