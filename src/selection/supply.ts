/**
 * Whether the inner seeds of a swarm feed its inner leechers. A client's claim to have everything is not evidence: it may be
 * switched off, firewalled or invented. Evidence is progress that somebody else made: a seed counts once what it has
 * uploaded grows while a leecher of another host receives something, and leechers that come back empty-handed outweigh
 * any number of seeds. Pure decisions; where the evidence is kept is the swarm store's business. After draft section
 * 4.2 b): where inner nodes are not enough, foreign ones are returned.
 */

/** One inner seed feeds about this many inner leechers as fast as gateways would. */
const LEECHERS_A_SEED = 8;
/** If one leecher in this many comes back empty-handed, the seeds do not serve, whatever they have shown before. */
const LEECHERS_A_STARVED = 3;
/** So many hosts have shown that they serve: nobody makes up that alone, so clients return at the usual interval. */
const STRONG_SUPPLY_HOSTS = 2;
/** After seeds have failed, so long only the progress of leechers that were given nobody foreign is evidence for a seed. */
export const DISTRUST_SECONDS = 4 * 3600;
/** A peer is judged by its progress over at least this long. */
export const PROGRESS_SECONDS = 60;
/** How soon a client is asked to come back that may find out that nobody serves it. */
export const FIRST_RETURN_SECONDS = 60;

/**
 * Whether inner seeds suffice, so that nobody has to bring anything in.
 * @param serving hosts of inner seeds that have shown that they serve
 * @param starved hosts of inner leechers that came back empty-handed last time
 */
export function seedsSuffice(innerLeechers: number, serving: number, starved: number): boolean {
  return serving * LEECHERS_A_SEED >= innerLeechers && !seedsFail(innerLeechers, starved);
}

/** Whether so many leechers come back empty-handed that no seed counts until it has shown again that it serves. */
export function seedsFail(innerLeechers: number, starved: number): boolean {
  return starved > 0 && starved * LEECHERS_A_STARVED >= innerLeechers;
}

/**
 * When a client is asked to come back, in seconds, or 0 for the usual interval. While it is not certain that somebody
 * inside serves it, each interval is twice the last one, so a stall is noticed after about as long as all went well.
 * @param ageSeconds since its last announce, −1 for its first
 * @param starving it has come back empty-handed
 */
export function returnSeconds(ageSeconds: number, suffices: boolean, serving: number, starving: boolean): number {
  if (suffices && serving >= STRONG_SUPPLY_HOSTS && !starving) return 0;
  return Math.max(FIRST_RETURN_SECONDS, 2 * ageSeconds);
}
