/**
 * Gateways: the few inner peers of a swarm that are given foreign ones, and that foreign ones are shown, so that about one
 * copy of the content crosses the border and the inner peers multiply it. Pure decisions; where gateways are remembered is
 * the swarm store's business. Beyond the draft; after Le Blond, Legout and Dabbous 2011 and measurements with real clients:
 * the number of foreign links decides how much enters, and how many gateways they are spread over, and how many different
 * foreign peers they lead to, decide how fast it spreads inside.
 */
import type { MixRules } from './cost-table.js';
import { seedsSuffice } from './supply.js';

/** Whoever comes next may take the place of a gateway that has stalled. */
export const STALLED_RANK = 0;
/** An operator's cache ranks above every capability level. */
const CACHE_RANK = 16;
/**
 * With fewer, inner peers wait for the uplinks of those few; each one more brings in pieces that another has brought already.
 * In simulations the fewest at which completion stays within 5 % of random choice were six for 10 and 16 inner peers, and
 * nine or ten for 30.
 */
const FEWEST_GATEWAYS = 6;
/** In larger swarms new pieces have to enter at more places; the external share still falls. */
const LEECHERS_A_GATEWAY = 3;
/** A gateway that has received nothing for so long is replaced. */
export const STALL_SECONDS = 90;
/** More are never kept, whatever the operator says: every foreign announce looks through them. */
export const GATEWAY_LIMIT = 64;

/** Fewer inner leechers wait less than an interval for one of them to come back by itself, and do without. */
const LEECHERS_OF_RETURNING_GATEWAY = 8;
/** How soon a gateway is asked to come back: its links are the whole swarm's, so they are looked after. */
export const GATEWAY_RETURN_SECONDS = 60;

/** Whether a gateway is told a short interval, so that lost foreign links are replaced and a stalled one is noticed. */
export function gatewayReturnsSoon(innerLeechers: number): boolean {
  return innerLeechers >= LEECHERS_OF_RETURNING_GATEWAY;
}

/**
 * How many places for foreign peers a gateway has: a leecher takes one, a seed {@link QUOTA_PER_SEED}. An operator's cache
 * stands for all gateways and has the places of all: nobody downloads a piece twice, so it brings in no more than one copy.
 * @param rank as of {@link gatewayRank}
 */
export function gatewayQuota(mix: MixRules, rank: number): number {
  return mix.foreignPeersWhenNoInnerSeed * (rank >= CACHE_RANK ? FEWEST_GATEWAYS : 1);
}

/**
 * A seed has what the swarm lacks and asks for nothing in return, so that the gateway's uplink is left to inner peers; a
 * foreign leecher stops sending to a gateway that is behind it, and has nothing to offer.
 */
export const QUOTA_PER_SEED = 2;

/** How many foreign seeds are among the peers that a gateway is given: as many as there are, and places for. */
export function seedsGiven(places: number, foreignSeeds: number): number {
  return Math.min(foreignSeeds, Math.ceil(places / QUOTA_PER_SEED));
}

/** How many foreign peers a gateway is given that has so many places, seeds among them. */
export function peersGiven(places: number, seeds: number): number {
  return Math.max(seeds, places - seeds * (QUOTA_PER_SEED - 1));
}

/** @param level the capability level, 0 … 7. @returns its rank, above {@link STALLED_RANK} */
export function gatewayRank(level: number, cache: boolean): number {
  return cache ? CACHE_RANK : level + 1;
}

/**
 * How many gateways a swarm should have now, besides leechers that came back empty-handed: those are given foreign peers
 * whatever inner seeds there are, up to the operator's limit.
 * @param serving hosts of inner seeds that have shown that they serve
 * @param starved hosts of inner leechers that came back empty-handed
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

/** What happens to an inner leecher that announces and is not a gateway. */
export const STAY_INNER = 0;
export const BECOME_GATEWAY = 1;
/** It takes the place of the weakest gateway. */
export const REPLACE_WEAKEST = 2;

export function judgeCandidate(rank: number, gateways: number, wanted: number, weakestRank: number): number {
  if (wanted === 0) return STAY_INNER;
  if (gateways < wanted) return BECOME_GATEWAY;
  if (gateways > 0 && weakestRank === STALLED_RANK && rank > STALLED_RANK) return REPLACE_WEAKEST;
  // Two levels of lead, so that gateways do not change places over noise.
  return rank >= weakestRank + 2 ? REPLACE_WEAKEST : STAY_INNER;
}

/** Whether a gateway should give way: it has received nothing for too long. */
export function hasStalled(secondsSinceProgress: number): boolean {
  return secondsSinceProgress >= STALL_SECONDS;
}
