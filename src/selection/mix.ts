/**
 * How many inner and how many foreign peers an answer has. Draft section 4.2: a) with enough inner peers, all are inner;
 * b) with too few, the answer has all of them and some foreign ones. Further rules keep a swarm from being cut into
 * islands. Only numbers: choose-peers selects the peers.
 */
import type { MixRules } from './cost-table.js';

/** Why the mix is what it is, for the explanation. */
export const MIX_NOTHING_WANTED = 0;
export const MIX_ENOUGH_INNER = 1;
export const MIX_TOO_FEW_INNER = 2;
export const MIX_NO_INNER = 3;
export const MIX_NO_INNER_SEED = 4;
export const MIX_NOT_A_GATEWAY = 5;
export const MIX_FOREIGN_REQUESTER = 6;
/** The only other inner peers are seeds that have not shown that they serve. */
export const MIX_UNPROVEN = 7;
/** The requester has received nothing since its last announce: it is given foreign peers, whatever inner peers are listed. */
export const MIX_STARVING = 8;
/** A cache that serves, or waits for its fill window: it exchanges nothing with foreign peers. */
export const MIX_CACHE_INSIDE = 9;
/** A cache that fetches what other caches have completely. */
export const MIX_FROM_CACHES = 10;
/** A cache that is drained or does not answer its controller. */
export const MIX_CACHE_OUT = 11;

/** The household is in the control group: its answer is drawn at random. */
export const MIX_CONTROL = 12;
/** The household is not localised yet, or localisation is off: its answer is drawn at random. */
export const MIX_NOT_LOCALISED = 13;

/** The input of {@link planMix}: a mutable record, reused for all answers. */
export class MixSituation {
  /** Peers wanted. */
  want = 0;
  inner = true;
  /** The requester has everything: others connect to it, so it waits for nobody. */
  seed = false;
  /** The requester may be given foreign peers although gateways are in force. */
  gateway = false;
  /** How many foreign peers it is given as a gateway. */
  givenToGateway = 0;
  /** How many of {@link givenToGateway} are seeds. */
  seedsToGateway = 0;
  /** Inner peers that may be offered to this requester, without itself. */
  innerAvailable = 0;
  foreignAvailable = 0;
  /** Inner peers that it can reach over either family. Above {@link innerAvailable} only if it announces over both. */
  innerInReach = 0;
  /** How many inner peers besides the requester count: leechers, and seeds that have shown that they serve. */
  innerCounted = 0;
  /** Inner seeds serve this requester and suffice, or it is a seed itself. */
  supplied = false;
  /** It has received nothing since its last announce. */
  starving = false;
}

export class MixPlan {
  inner = 0;
  foreign = 0;
  /** How many of the foreign peers are seeds, if there are enough; the others are leechers. −1: no distinction. */
  foreignSeeds = -1;
  /** At most this many peers of the other side: foreign peers for an inner requester, inner peers for a foreign one. */
  quota = 0;
  /** For a foreign requester while gateways are on: the only inner peer is a gateway. */
  gatewaysOnly = false;
  reason = MIX_NOTHING_WANTED;
}

export function planMix(rules: MixRules, situation: MixSituation, plan: MixPlan): void {
  plan.gatewaysOnly = false;
  plan.inner = 0;
  plan.foreign = 0;
  plan.foreignSeeds = -1;
  plan.quota = 0;
  plan.reason = MIX_NOTHING_WANTED;
  if (situation.want <= 0) return;
  if (situation.inner) planForInner(rules, situation, plan);
  else planForForeign(rules, situation, plan);
}

/**
 * For a cache of the operator: replaces the plan for an ordinary inner requester by one without foreign peers.
 * @param inner how many peers it is given; default: what an answer holds
 */
export function planForCache(
  situation: MixSituation,
  plan: MixPlan,
  reason = MIX_CACHE_INSIDE,
  inner = Math.max(0, Math.min(situation.innerAvailable, situation.want)),
): void {
  plan.foreign = 0;
  plan.foreignSeeds = -1;
  plan.quota = 0;
  plan.inner = inner;
  plan.reason = reason;
}

/** For an inner requester whose answer is drawn at random: nothing is planned before the draw. */
export function planAtRandom(situation: MixSituation, plan: MixPlan, reason: number, want: number): void {
  situation.want = want;
  situation.inner = true;
  situation.gateway = false;
  situation.innerAvailable = 0;
  situation.foreignAvailable = 0;
  plan.gatewaysOnly = false;
  plan.inner = 0;
  plan.foreign = 0;
  plan.foreignSeeds = -1;
  plan.quota = want;
  plan.reason = reason;
}

/** Whether the answer holds the peers of a cache already, or none. */
export function isCacheAnswer({ reason }: MixPlan): boolean {
  return reason === MIX_FROM_CACHES || reason === MIX_CACHE_OUT;
}

export function isInsideOnly({ reason }: MixPlan): boolean {
  return reason >= MIX_CACHE_INSIDE && reason <= MIX_CACHE_OUT;
}

export function isAtRandom({ reason }: MixPlan): boolean {
  return reason >= MIX_CONTROL;
}

function planForInner(rules: MixRules, situation: MixSituation, plan: MixPlan): void {
  const { want, innerAvailable, foreignAvailable } = situation;
  const rescue = situation.supplied ? 0 : rules.foreignPeersWhenNoInnerSeed;
  let foreignQuota: number;
  let reserve: number;
  if (situation.innerCounted === 0) {
    plan.reason = innerAvailable === 0 ? MIX_NO_INNER : MIX_UNPROVEN;
    foreignQuota = Math.max(rules.foreignPeersMax, rules.foreignPeersMin, rescue);
    reserve = foreignQuota;
    // A client that depends on foreign peers is given seeds before leechers.
    plan.foreignSeeds = foreignQuota;
  } else if (rules.gatewaysMax > 0 && !situation.gateway) {
    // Draft 4.2 a: if inner peers suffice, it does not matter who is a gateway.
    const enough = situation.supplied || innerAvailable >= Math.min(rules.enoughInnerPeers, want);
    plan.reason = enough ? MIX_ENOUGH_INNER : MIX_NOT_A_GATEWAY;
    foreignQuota = rules.foreignPeersMin;
    reserve = foreignQuota;
  } else if (situation.gateway) {
    plan.reason = situation.starving ? MIX_STARVING : MIX_NO_INNER_SEED;
    foreignQuota = Math.max(rules.foreignPeersMin, situation.givenToGateway);
    reserve = foreignQuota;
    plan.foreignSeeds = situation.seedsToGateway;
  } else {
    const enough = Math.max(innerAvailable, situation.innerInReach) >= Math.min(rules.enoughInnerPeers, want);
    reserve = Math.max(rules.foreignPeersMin, rescue);
    foreignQuota = enough ? reserve : Math.max(reserve, rules.foreignPeersMax);
    const short = situation.starving ? MIX_STARVING : MIX_NO_INNER_SEED;
    plan.reason = !enough ? MIX_TOO_FEW_INNER : rescue > 0 ? short : MIX_ENOUGH_INNER;
  }
  plan.quota = foreignQuota;
  // Reserved places for foreign peers take at most half of an answer that has inner peers.
  const kept = Math.min(reserve, foreignAvailable, innerAvailable === 0 ? want : want >>> 1);
  plan.inner = Math.min(innerAvailable, want - kept);
  plan.foreign = Math.min(foreignQuota, foreignAvailable, want - plan.inner);
}

/** The reverse: foreign peers first and few inner ones, but at least one for a leecher. */
function planForForeign(rules: MixRules, situation: MixSituation, plan: MixPlan): void {
  const { want, innerAvailable, foreignAvailable, seed } = situation;
  plan.reason = MIX_FOREIGN_REQUESTER;
  if (rules.gatewaysMax > 0 && (foreignAvailable > 0 || seed)) {
    plan.gatewaysOnly = true;
    plan.inner = 1;
    plan.quota = 1;
    plan.foreign = Math.min(foreignAvailable, want);
    return;
  }
  const few = Math.max(1, rules.foreignPeersMin, rules.foreignPeersMax);
  plan.quota = few;
  const kept = Math.min(innerAvailable, Math.max(1, rules.foreignPeersMin), Math.max(1, want >>> 1));
  plan.foreign = Math.min(foreignAvailable, Math.max(0, want - kept));
  plan.inner = Math.min(innerAvailable, few, want - plan.foreign);
}
