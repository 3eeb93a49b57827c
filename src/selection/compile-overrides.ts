/**
 * The operator's exceptions for pairs of groups, and the caches that some sub-domains are not to prefer, as the one number
 * each that the ranking compares (see `CostTable.overrides`).
 */
import { OperatorError } from '../domain/errors.js';
import { cacheGroupName, type LocalityGroup } from '../domain/locality-group.js';
import type { PairOverride } from './billing.js';

/** More would cost the data plane more memory than the exceptions are worth; named in the error. */
const MAX_OVERRIDES = 200_000;
/** Orders of `CostTable.overrides`: same AS 0, same operator 256, foreign 512 + rate rank. */
const ORDER_OF_TIER = { 'same-as': 0, 'same-operator': 256 } as const;
const FOREIGN_ORDER = 512;
/** After every other inner peer, before the first foreign one. */
const LAST_INNER_ORDER = 511;

export interface CachePreference {
  /** As `formatIp` writes it. */
  readonly address: string;
  /** The sub-domains that prefer it; all where absent. For others it comes after every other inner peer. */
  readonly preferredBy?: readonly string[] | undefined;
}

/** @param rankOfRate the rank of a foreign rate that takes part in the ranking */
export function compileOverrides(
  overrides: readonly PairOverride[],
  caches: readonly CachePreference[],
  groups: readonly (LocalityGroup | undefined)[],
  rankOfRate: (ratePerGigabyte: number) => number,
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
      override.ratePerGigabyte !== undefined
        ? FOREIGN_ORDER + rankOfRate(override.ratePerGigabyte)
        : ORDER_OF_TIER[override.tier ?? 'same-as'];
    for (const requester of override.from === '*' ? inner : matching(present, override.from)) {
      for (const peer of matching(present, override.to)) {
        put(requester, peer, order);
        if (override.oneWay !== true) put(peer, requester, order);
      }
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
      `billing.overrides: "${side}" is neither a sub-domain, a cache's address nor an AS that is known; write an AS as AS64500`,
    );
  }
  return found;
}
