/**
 * An answer explained: the candidates in classes that the policy does not distinguish, best first, with their ranks and how
 * many of each were chosen. The selection itself supplies the numbers; this module only names the reasons.
 */
import type { ForeignOfSwarm } from './foreign-allowance.js';
import type { HOUSEHOLD_GROUP_NAMES } from './household-groups.js';
import {
  isAtRandom,
  MIX_CACHE_INSIDE,
  MIX_CACHE_OUT,
  MIX_ENOUGH_INNER,
  MIX_FOREIGN_REQUESTER,
  MIX_FROM_CACHES,
  MIX_NO_INNER,
  MIX_NO_INNER_SEED,
  MIX_NOT_A_GATEWAY,
  MIX_STARVING,
  MIX_TOO_FEW_INNER,
  MIX_UNPROVEN,
  type MixPlan,
} from './mix.js';

export type MixReason =
  | 'nothing-wanted'
  | 'enough-inner'
  | 'too-few-inner'
  | 'no-inner'
  | 'no-inner-seed'
  | 'not-a-gateway'
  | 'foreign-requester'
  | 'inner-seeds-unproven'
  | 'requester-starves'
  | 'cache-serves-inner-clients-only'
  | 'cache-fetches-from-caches'
  | 'cache-is-out'
  | 'control-group'
  | 'not-localised';

/** Why a class is in the answer or out of it. */
export type ClassReason =
  | 'chosen'
  | 'chosen-in-part'
  | 'better-ones-filled-the-answer'
  | 'enough-inner-peers'
  | 'requester-is-not-a-gateway'
  | 'foreign-limit-reached'
  | 'only-gateways-are-shown-to-foreign-peers'
  | 'seeds-are-not-given-to-seeds'
  | 'cache-serves-inner-clients-only'
  | 'cache-fetches-from-caches'
  | 'cache-is-out'
  | 'only-inner-requesters-reach-them'
  | 'not-drawn'
  | 'withheld';

export interface ExplainedClass {
  readonly group: number;
  /** `serving`: seeds and paused peers. */
  readonly role: 'leecher' | 'serving';
  readonly withheld: boolean;
  /** 0 … 14 the operator's own AS, 15 foreign. */
  readonly partition: number;
  /** 0 the requester's own AS, 1 another AS of the operator, 2 foreign. Overrides of the pair are applied. */
  readonly tier: 0 | 1 | 2;
  readonly overridden: boolean;
  readonly rateRank: number;
  readonly densityLevel: number;
  readonly capabilityLevel: number;
  readonly capabilitySource: 'reported' | 'observed' | 'neutral';
  readonly cache: boolean;
  /** 0 the best. */
  readonly score: number;
  readonly count: number;
  readonly chosen: number;
  /** How many of `count` a foreign requester is not given because it cannot reach them (private addresses, CGNAT). */
  readonly innerOnly: number;
  readonly reason: ClassReason;
}

export interface ChosenPeer {
  readonly words: readonly number[];
  readonly port: number;
  /** Who named it, if it did not announce here itself; null: not known. */
  readonly origin?: string | null;
}

export interface Explanation {
  readonly found: boolean;
  readonly requester: {
    readonly group: number;
    readonly partition: number;
    readonly inner: boolean;
    readonly seed: boolean;
    readonly inSwarm: boolean;
    readonly gateway: boolean;
    /** Of its household. All but the localised ones are answered at random. A cache is never in the control group. */
    readonly household: (typeof HOUSEHOLD_GROUP_NAMES)[number];
    /** Port of the explained client; null if it is not in the swarm. */
    readonly port: number | null;
    /** How many peers of the swarm have its address. If there are several, the port identifies the client. */
    readonly peersAtAddress: number;
  };
  readonly mix: {
    readonly reason: MixReason;
    readonly want: number;
    readonly inner: number;
    readonly foreign: number;
    readonly innerAvailable: number;
    readonly foreignAvailable: number;
  };
  /** What it would get if its household were localised; null if it is, or if it is not an inner client. */
  readonly localised: Pick<Explanation['mix'], 'reason' | 'inner' | 'foreign'> | null;
  /** Evidence of whether inner seeds serve. */
  readonly supply: {
    /** Inner peers that claim to have everything (or are paused), without the requester. */
    readonly innerSeeds: number;
    /** Hosts of inner seeds that have shown that they serve. */
    readonly serving: number;
    /** Hosts of inner leechers that have received nothing since their last announce. */
    readonly starving: number;
    readonly innerLeechers: number;
    /** They suffice for the inner leechers. */
    readonly suffices: boolean;
    /** The requester has received nothing since its last announce. */
    readonly requesterStarves: boolean;
  };
  readonly gateways: number;
  /** What all inner leechers of the swarm are given. */
  readonly foreign: ForeignOfSwarm;
  /** Best first. */
  readonly classes: readonly ExplainedClass[];
  /** Peers of the swarm that others have named, by who named them. */
  readonly imported: readonly { readonly origin: string | null; readonly peers: number; readonly chosen: number }[];
  /** The peers of the answer; one address word for IPv4, four for IPv6. */
  readonly chosen: readonly ChosenPeer[];
}

const MIX_REASONS: readonly MixReason[] = [
  'nothing-wanted',
  'enough-inner',
  'too-few-inner',
  'no-inner',
  'no-inner-seed',
  'not-a-gateway',
  'foreign-requester',
  'inner-seeds-unproven',
  'requester-starves',
  'cache-serves-inner-clients-only',
  'cache-fetches-from-caches',
  'cache-is-out',
  'control-group',
  'not-localised',
];

export function mixReason(plan: MixPlan): MixReason {
  return MIX_REASONS[plan.reason]!;
}

/** @param offered false: a serving peer while a seed asks */
export function classReason(
  plan: MixPlan,
  candidate: Pick<ExplainedClass, 'tier' | 'withheld' | 'count' | 'chosen' | 'innerOnly'>,
  offered: boolean,
): ClassReason {
  if (candidate.withheld) return 'withheld';
  if (!offered) return 'seeds-are-not-given-to-seeds';
  if (candidate.chosen > 0) return candidate.chosen >= candidate.count ? 'chosen' : 'chosen-in-part';
  if (candidate.innerOnly > 0 && candidate.innerOnly >= candidate.count) return 'only-inner-requesters-reach-them';
  if (isAtRandom(plan)) return 'not-drawn';
  if (plan.reason === MIX_CACHE_OUT) return 'cache-is-out';
  if (plan.reason === MIX_FROM_CACHES) return 'cache-fetches-from-caches';
  if (candidate.tier < 2) {
    return plan.reason === MIX_FOREIGN_REQUESTER && plan.gatewaysOnly
      ? 'only-gateways-are-shown-to-foreign-peers'
      : 'better-ones-filled-the-answer';
  }
  switch (plan.reason) {
    case MIX_ENOUGH_INNER:
      return 'enough-inner-peers';
    case MIX_CACHE_INSIDE:
      return 'cache-serves-inner-clients-only';
    case MIX_NOT_A_GATEWAY:
      return 'requester-is-not-a-gateway';
    case MIX_TOO_FEW_INNER:
    case MIX_NO_INNER:
    case MIX_NO_INNER_SEED:
    case MIX_UNPROVEN:
    case MIX_STARVING:
      return 'foreign-limit-reached';
    default:
      return 'better-ones-filled-the-answer';
  }
}
