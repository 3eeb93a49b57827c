/**
 * Whether the inner seeds of a swarm feed its inner leechers. A client's claim to have everything is not evidence: it may be
 * switched off, firewalled or invented. Evidence is progress that somebody else made: a seed counts once its upload total
 * grows while a leecher of another host receives something. A leecher that has received nothing since its last announce
 * starves; enough starving leechers outweigh any number of seeds. Pure decisions; the swarm store holds the evidence. After
 * draft section 4.2 b): if there are not enough inner nodes, foreign ones are returned.
 */

/** One inner seed feeds about this many inner leechers as fast as gateways would. */
const LEECHERS_A_SEED = 8;
/** If one leecher in this many starves, the seeds do not serve, whatever they have shown before. */
const LEECHERS_A_STARVED = 3;
/** Once this many hosts have shown that they serve, which no single host can fake, clients return at the usual interval. */
const STRONG_SUPPLY_HOSTS = 2;
/** For this long after seeds have failed, only leechers that were given no foreign peers are evidence for a seed. */
export const DISTRUST_SECONDS = 4 * 3600;
/** A peer is judged by its progress over at least this long. */
export const PROGRESS_SECONDS = 60;
/** How soon a client is told to announce again if it may find that nobody serves it. */
export const FIRST_RETURN_SECONDS = 60;

/**
 * Whether inner seeds suffice, so that the swarm needs no gateway.
 * @param serving hosts of inner seeds that have shown that they serve
 * @param starved hosts of inner leechers that starve
 */
export function seedsSuffice(innerLeechers: number, serving: number, starved: number): boolean {
  return serving * LEECHERS_A_SEED >= innerLeechers && !seedsFail(innerLeechers, starved);
}

/** Whether so many leechers starve that no seed counts until it has shown again that it serves. */
export function seedsFail(innerLeechers: number, starved: number): boolean {
  return starved > 0 && starved * LEECHERS_A_STARVED >= innerLeechers;
}

/**
 * When a client is told to announce again, in seconds, or 0 for the usual interval. While it is not certain that an inner
 * peer serves it, each interval is twice the last one, so a stall is noticed after about as long as the peer was served.
 * @param ageSeconds since its last announce, −1 for its first
 * @param starving it has received nothing since its last announce
 */
export function returnSeconds(ageSeconds: number, suffices: boolean, serving: number, starving: boolean): number {
  if (suffices && serving >= STRONG_SUPPLY_HOSTS && !starving) return 0;
  return Math.max(FIRST_RETURN_SECONDS, 2 * ageSeconds);
}
