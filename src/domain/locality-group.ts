/**
 * Locality groups by name and number. A group is a set of addresses that nothing in the policy tells apart: a sub-domain
 * of the operator, the rest of one of its AS, one of its caches, or a foreign AS. The name says what the group is; the
 * number (16 bits, so that it fits a peer record) is given once and kept for the life of a data directory.
 */

/** Group 0: an address that no table knows, or whose AS is too small to have a number. Foreign, at the default rate. */
export const UNKNOWN_GROUP = 0;
/** Group numbers fit 16 bits in a peer record: 1 … 65,535 besides {@link UNKNOWN_GROUP}. */
export const MAX_GROUPS = 65_535;

export type GroupKind = 'subdomain' | 'cache' | 'own-as' | 'foreign-as' | 'unknown';

/** What a group is, without what it costs. */
export interface LocalityGroup {
  readonly number: number;
  /** `subdomain:north`, `cache:203.0.113.10`, `as:64500`, or `unknown`. */
  readonly name: string;
  readonly kind: GroupKind;
  /** The AS the group's addresses are announced by; 0 where it is not known. */
  readonly asn: number;
  /** The sub-domain the group is, or in which the cache stands. */
  readonly subdomain?: string;
  readonly organisation?: string;
}

/** Where the numbers of groups are kept between runs. */
export interface GroupNameStore {
  /** All (name, number) pairs ever saved. */
  load(): readonly (readonly [name: string, number: number])[];
  /** Adds pairs that are new; whole or not at all. */
  save(pairs: readonly (readonly [name: string, number: number])[]): void;
}

export function subdomainGroupName(id: string): string {
  return `subdomain:${id}`;
}

export function cacheGroupName(address: string): string {
  return `cache:${address}`;
}

export function asGroupName(asn: number): string {
  return `as:${asn}`;
}
