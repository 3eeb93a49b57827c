/**
 * The operator's exceptions for pairs of groups, and the caches that some sub-domains do not prefer, as the number
 * that the ranking compares for each pair (see `CostTable.overrides`).
 */
import { OperatorError } from '../domain/errors.js';
import { cacheGroupName, type LocalityGroup } from '../domain/locality-group.js';
import type { PairOverride } from './billing.js';

/** Limits the memory that exceptions cost the data plane; named in the error. */
const MAX_OVERRIDES = 200_000;
/** Orders of `CostTable.overrides`: same AS 0, same operator 256, foreign 512 + rate rank. */
const TIER_ORDER = { 'same-as': 0, 'same-operator': 256 } as const;
export const FOREIGN_ORDER = 512;
/** After every other inner peer, before the first foreign one. */
const LAST_INNER_ORDER = 511;

export interface CachePreference {
  /** As `formatIp` writes it. */
  readonly address: string;
  /** The sub-domains that prefer it; absent: all. Others get it after every other inner peer. */
  readonly preferredBy?: readonly string[] | undefined;
}

/** @param rankOfRate the rank of an override's rate among the foreign ones; `undefined` is the default rate */
export function compileOverrides(
  overrides: readonly PairOverride[],
  caches: readonly CachePreference[],
  groups: readonly (LocalityGroup | undefined)[],
  rankOfRate: (ratePerGigabyte: number | undefined) => number,
): ReadonlyMap<number, number> {
  const result = new Map<number, number>();
  const put = (requester: LocalityGroup, peer: LocalityGroup, order: number): void => {
    result.set(requester.number * 65_536 + peer.number, order);
    if (result.size > MAX_OVERRIDES) {
      throw new OperatorError(
        `billing.overrides and caches[].preferredBy name more than ${MAX_OVERRIDES} pairs of groups; name AS instead of "*" or fewer sub-domains`,
      );
    }
  };
  const present = groups.filter((group) => group !== undefined);
  const inner = present.filter((group) => group.kind === 'subdomain' || group.kind === 'own-as');
  const everyInner = present.filter((group) => group.kind !== 'foreign-as' && group.kind !== 'unknown');

  for (const { address, preferredBy } of caches) {
    const cache = present.find((group) => group.name === cacheGroupName(address));
    if (preferredBy === undefined || cache === undefined) continue;
    for (const requester of inner) {
      if (requester.subdomain === undefined || !preferredBy.includes(requester.subdomain)) {
        put(requester, cache, LAST_INNER_ORDER);
      }
    }
  }
  for (const override of overrides) {
    const order =
      override.treatAs === 'foreign'
        ? FOREIGN_ORDER + rankOfRate(override.ratePerGigabyte)
        : TIER_ORDER[override.treatAs];
    const peers = matching(present, override.peer);
    for (const requester of override.requester === '*' ? everyInner : matching(present, override.requester)) {
      for (const peer of peers) put(requester, peer, order);
    }
  }
  return result;
}

/** A sub-domain's groups, all groups of an AS, or a cache. */
function matching(groups: readonly LocalityGroup[], side: string): LocalityGroup[] {
  const asn = /^AS(\d{1,10})$/i.exec(side);
  const found =
    asn !== null
      ? groups.filter((group) => group.asn === Number(asn[1]) && group.kind !== 'unknown')
      : groups.filter((group) =>
          group.kind === 'cache' ? group.name === cacheGroupName(side) : group.subdomain === side,
        );
  if (found.length === 0) {
    throw new OperatorError(
      `billing.overrides: "${side}" is neither a sub-domain, a cache's address nor a known AS; write an AS as AS64500`,
    );
  }
  return found;
}
