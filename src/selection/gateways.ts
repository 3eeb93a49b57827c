/**
 * Gateways: the few inner peers of a swarm that are given foreign ones, and that foreign ones are shown, so that about one
 * copy of the content crosses the border and the inner peers multiply it. Pure decisions; where gateways are remembered is
 * the swarm store's business. Beyond the draft; after Le Blond, Legout and Dabbous 2011 and measurements with real clients:
 * the number of foreign links decides, one gateway of ordinary uplink starves its neighbours, two or three do not.
 */

/** An operator's cache ranks above every capability level. */
const CACHE_RANK = 16;
/** One inner seed feeds about this many inner leechers as fast as gateways would. */
const LEECHERS_A_SEED = 8;
const USUAL_GATEWAYS = 2;
/** Twice this many inner leechers, and one gateway more; and so on with each doubling. */
const LEECHERS_OF_USUAL_GATEWAYS = 32;
/** Reports of starving inner peers that call for one gateway more. */
const STARVED_A_GATEWAY = 2;
export const MAX_STARVED = 15;
/** A peer is judged by its progress over at least this long. */
export const PROGRESS_SECONDS = 60;
/** A gateway that has received nothing for so long is replaced. */
export const STALL_SECONDS = 90;
/** More are never kept, whatever the operator says: each is a foreign link for the whole swarm. */
export const GATEWAY_LIMIT = 16;

/** @param level the capability level, 0 … 7 */
export function gatewayRank(level: number, cache: boolean): number {
  return cache ? CACHE_RANK : level;
}

/**
 * How many gateways a swarm should have now.
 * @param starved 0 … {@link MAX_STARVED}: how often inner leechers came back empty-handed of late
 * @param cacheServes an operator's cache is among the gateways: it alone feeds the rest
 */
export function wantedGateways(
  innerLeechers: number,
  innerSeeds: number,
  starved: number,
  cacheServes: boolean,
  gatewaysMax: number,
): number {
  if (innerLeechers === 0 || gatewaysMax === 0) return 0;
  if (innerSeeds * LEECHERS_A_SEED >= innerLeechers) return 0;
  let wanted = cacheServes ? 1 : USUAL_GATEWAYS;
  if (!cacheServes && innerLeechers > LEECHERS_OF_USUAL_GATEWAYS) {
    wanted += 31 - Math.clz32((innerLeechers / LEECHERS_OF_USUAL_GATEWAYS) | 0);
  }
  wanted += (starved / STARVED_A_GATEWAY) | 0;
  return Math.min(wanted, gatewaysMax, GATEWAY_LIMIT);
}

/** What happens to an inner leecher that announces and is no gateway. */
export const STAY_INNER = 0;
export const BECOME_GATEWAY = 1;
/** It takes the place of the weakest gateway. */
export const REPLACE_WEAKEST = 2;

export function judgeCandidate(rank: number, gateways: number, wanted: number, weakestRank: number): number {
  if (wanted === 0) return STAY_INNER;
  if (gateways < wanted) return BECOME_GATEWAY;
  // Two levels of lead, so that gateways do not change places over noise.
  return rank >= weakestRank + 2 ? REPLACE_WEAKEST : STAY_INNER;
}

/** Whether a gateway should give way: it has received nothing for too long. */
export function hasStalled(secondsSinceProgress: number): boolean {
  return secondsSinceProgress >= STALL_SECONDS;
}
