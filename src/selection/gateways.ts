/**
 * Gateways: the few inner peers of a swarm that are given foreign ones, and that foreign ones are shown, so that about one
 * copy of the content crosses the border and the inner peers multiply it. Pure decisions; where gateways are remembered is
 * the swarm store's business. Beyond the draft; after Le Blond, Legout and Dabbous 2011 and measurements with real clients:
 * the number of foreign links decides how much enters, and how many gateways they are spread over, and how many different
 * foreign peers they lead to, decide how fast it spreads inside.
 */
import type { MixRules } from './cost-table.js';

/** Whoever comes next may take the place of a gateway that has stalled. */
export const STALLED_RANK = 0;
/** An operator's cache ranks above every capability level. */
const CACHE_RANK = 16;
/** One inner seed feeds about this many inner leechers as fast as gateways would. */
const LEECHERS_A_SEED = 8;
/**
 * Foreign links of a swarm: a steady one brings in a quarter of a foreign uplink, and inner peers need about one uplink
 * together, whatever their number. Of 16 real clients, four took 10 to 12 % from outside, five 11 to 13 %, eight up to 15 %; four
 * at each of two gateways let the inner peers wait for the uplinks of those two.
 */
const FEWEST_LINKS = 4;
/** Fewer leave the inner peers waiting for the uplinks of those few. */
const FEWEST_GATEWAYS = 3;
/** Larger swarms have more links, so that new pieces reach them at many places; the external share stays far below. */
const LEECHERS_A_LINK = 4;
/** Reports of starving inner peers that call for one gateway more. */
const STARVED_A_GATEWAY = 2;
export const MAX_STARVED = 15;
/** A peer is judged by its progress over at least this long. */
export const PROGRESS_SECONDS = 60;
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

/** How many foreign links a swarm should have. */
export function wantedLinks(innerLeechers: number): number {
  return Math.max(FEWEST_LINKS, Math.ceil(innerLeechers / LEECHERS_A_LINK));
}

/**
 * How many foreign links a gateway has at most, given to it or shown to foreign peers: its share of the swarm's, one more
 * share being kept for the gateway that comes next. One alone, as an operator's cache, has them all: nobody downloads a
 * piece twice, so they bring in no more than one copy.
 * @param gateways how many the swarm should have
 */
export function gatewayLinks(mix: MixRules, innerLeechers: number, gateways: number): number {
  const shares = gateways === 1 ? 1 : Math.min(innerLeechers, gateways) + 1;
  const share = Math.max(1, Math.floor(wantedLinks(innerLeechers) / shares));
  return Math.max(mix.foreignPeersMin, Math.min(share, mix.foreignPeersWhenNoInnerSeed));
}

/**
 * In a crowd most clients are full: of real ones at their limit of connections, aria2c refused four of eleven gateways, and
 * libtorrent let most in and closed again. Where nobody is full all of them hold, which costs half a copy or so.
 */
const GIVEN_A_LINK = 5;

/** How many foreign peers a gateway is given so that it has so many links. */
export function givenForLinks(links: number): number {
  return links * GIVEN_A_LINK;
}

/** A foreign seed belongs to everybody in the swarm: so many gateways are given the same one. */
const GATEWAYS_A_SEED = 2;

/**
 * How many foreign seeds are among the peers that a gateway is given. A seed has what the swarm lacks and asks for nothing
 * in return, so that the gateway's uplink is left to inner peers; a foreign leecher stops sending to a gateway that is
 * behind it, and has nothing to offer.
 * @param index the gateway's number, from 0
 * @param gateways how many the swarm should have
 * @param most no more than this
 */
export function seedsAmongGiven(index: number, gateways: number, foreignSeeds: number, most: number): number {
  const share = Math.ceil((GATEWAYS_A_SEED * foreignSeeds - index) / Math.max(1, gateways));
  return Math.max(0, Math.min(share, most));
}

/** A gateway that could be given less than this part of its links, as the first ones of a swarm, is a poor one. */
const POOR_SHARE = 0.5;

/**
 * Whether a gateway gives way to somebody who could be given twice as many foreign peers.
 * @param full how many it should have
 */
export function isPoorlyLinked(links: number, foreignAvailable: number, full: number): boolean {
  return links < full * POOR_SHARE && foreignAvailable >= full;
}

/** @param level the capability level, 0 … 7. @returns its rank, above {@link STALLED_RANK} */
export function gatewayRank(level: number, cache: boolean): number {
  return cache ? CACHE_RANK : level + 1;
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
  let wanted = cacheServes ? 1 : wantedLinks(innerLeechers);
  wanted += (starved / STARVED_A_GATEWAY) | 0;
  return Math.min(wanted, gatewaysMax, GATEWAY_LIMIT);
}

/**
 * How many gateways there may be if one more is appointed only while links are wanting: the first peer of a swarm, alone
 * with foreign ones, was given more than a gateway's share. Where inner peers starve, the links there are do not suffice.
 * @param links foreign links of the present gateways together
 */
export function affordableGateways(wanted: number, innerLeechers: number, gateways: number, links: number): number {
  const wanting = Math.max(0, Math.max(wantedLinks(innerLeechers), wanted) - links);
  return Math.min(wanted, Math.max(FEWEST_GATEWAYS, gateways + wanting));
}

/** What happens to an inner leecher that announces and is no gateway. */
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
