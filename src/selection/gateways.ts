/**
 * Gateways: the few inner peers of a swarm that are given foreign peers and are shown to foreign clients, so that about one
 * copy of the content crosses the border and the inner peers multiply it. Pure decisions; the swarm store holds the gateways.
 * This goes beyond the draft. It follows Le Blond, Legout and Dabbous 2011 and measurements with real clients: the number of
 * foreign links decides how much enters. The number of gateways, and of different foreign peers that they connect to, decides
 * how fast it spreads inside.
 */
import type { MixRules } from './cost-table.js';
import { seedsSuffice } from './supply.js';

/** Rank of a gateway that has stalled: any candidate may replace it. */
export const STALLED_RANK = 0;
/** An operator's cache ranks above every capability level. */
const CACHE_RANK = 16;
/**
 * With fewer, inner peers wait for the uplinks of those few. Each further gateway brings in pieces that another has already.
 * In simulations the fewest at which completion stays within 5 % of random choice were six for 10 and 16 inner peers, and
 * nine or ten for 30.
 */
const FEWEST_GATEWAYS = 6;
/** Larger swarms need new pieces to enter at more gateways; the external share still falls. */
const LEECHERS_A_GATEWAY = 3;
/** A gateway that has received nothing for this long is replaced. */
export const STALL_SECONDS = 90;
/** Upper limit, whatever the configuration says, because every foreign announce searches all gateways. */
export const GATEWAY_LIMIT = 64;

/** With fewer inner leechers one of them announces soon enough by itself. */
const LEECHERS_OF_RETURNING_GATEWAY = 8;
/** How soon a gateway is told to announce again, because the whole swarm depends on its links. */
export const GATEWAY_RETURN_SECONDS = 60;

/** Whether a gateway is told a short interval, so that lost foreign links are replaced and a stalled one is noticed. */
export function gatewayReturnsSoon(innerLeechers: number): boolean {
  return innerLeechers >= LEECHERS_OF_RETURNING_GATEWAY;
}

/**
 * A gateway's quota of foreign peers: a leecher uses one, a seed {@link QUOTA_PER_SEED}. An operator's cache replaces all other
 * gateways and has the quota of six. It downloads no piece twice, so it still brings in only one copy.
 * @param rank as of {@link gatewayRank}
 */
export function gatewayQuota(mix: MixRules, rank: number): number {
  return mix.foreignPeersWhenNoInnerSeed * (rank >= CACHE_RANK ? FEWEST_GATEWAYS : 1);
}

/**
 * A seed has what the swarm lacks and asks for nothing in return, so the gateway's uplink serves inner peers. A foreign
 * leecher stops sending to a gateway that has no pieces to offer in return.
 */
export const QUOTA_PER_SEED = 2;

/** How many foreign seeds a gateway is given: as many as exist and its quota allows. */
export function seedsGiven(quota: number, foreignSeeds: number): number {
  return Math.min(foreignSeeds, Math.ceil(quota / QUOTA_PER_SEED));
}

/** How many foreign peers a gateway with this quota is given, including `seeds` seeds. */
export function peersGiven(quota: number, seeds: number): number {
  return Math.max(seeds, quota - seeds * (QUOTA_PER_SEED - 1));
}

/** @param level the capability level, 0 … 7. @returns its rank, above {@link STALLED_RANK} */
export function gatewayRank(level: number, cache: boolean): number {
  return cache ? CACHE_RANK : level + 1;
}

/**
 * How many gateways a swarm should have now, not counting starving leechers: those become gateways whatever the inner seeds,
 * up to the operator's limit.
 * @param serving hosts of inner seeds that have shown that they serve
 * @param starved hosts of inner leechers that starve
 * @param cacheServes an operator's cache is among the gateways: it alone feeds the rest
 */
export function wantedGateways(
  innerLeechers: number,
  serving: number,
  starved: number,
  cacheServes: boolean,
  gatewaysMax: number,
): number {
  if (innerLeechers === 0 || seedsSuffice(innerLeechers, serving, starved)) return 0;
  const wanted = cacheServes ? 1 : Math.max(FEWEST_GATEWAYS, Math.ceil(innerLeechers / LEECHERS_A_GATEWAY));
  return Math.min(wanted, gatewaysMax, GATEWAY_LIMIT);
}

/** Verdicts on an inner leecher that announces and is not a gateway. */
export const STAY_INNER = 0;
export const BECOME_GATEWAY = 1;
/** It replaces the weakest gateway. */
export const REPLACE_WEAKEST = 2;

export function judgeCandidate(rank: number, gateways: number, wanted: number, weakestRank: number): number {
  if (wanted === 0) return STAY_INNER;
  if (gateways < wanted) return BECOME_GATEWAY;
  if (gateways > 0 && weakestRank === STALLED_RANK && rank > STALLED_RANK) return REPLACE_WEAKEST;
  // A lead of two levels, so that noise does not replace gateways.
  return rank >= weakestRank + 2 ? REPLACE_WEAKEST : STAY_INNER;
}

/** Whether a gateway should be replaced because it has received nothing for too long. */
export function hasStalled(secondsSinceProgress: number): boolean {
  return secondsSinceProgress >= STALL_SECONDS;
}
