/**
 * Locality groups by name and number. A group is a set of addresses that the policy treats alike: a sub-domain of the
 * operator, the rest of one of its AS, one of its caches, or a foreign AS. The name says what the group is. The number
 * (16 bits, so that it fits a peer record) is assigned once and stays for the life of a data directory.
 */

/** Group 0: an address in no table, or one whose AS is too small to have a number. Foreign, at the default rate. */
export const UNKNOWN_GROUP = 0;
/** Group numbers fit 16 bits in a peer record: 1 … 65,535; 0 is {@link UNKNOWN_GROUP}. */
export const MAX_GROUPS = 65_535;

export type GroupKind = 'subdomain' | 'cache' | 'own-as' | 'foreign-as' | 'unknown';

/** The identity of a group, without its cost. */
export interface LocalityGroup {
  readonly number: number;
  /** `subdomain:north`, `cache:203.0.113.10`, `as:64500`, or `unknown`. */
  readonly name: string;
  readonly kind: GroupKind;
  /** The AS that announces the group's addresses; 0 if unknown. */
  readonly asn: number;
  /** The sub-domain of the group, or of the cache. */
  readonly subdomain?: string;
  readonly organisation?: string;
}

/** Stores the numbers of groups between runs. */
export interface GroupNameStore {
  /** All (name, number) pairs ever stored. */
  load(): readonly (readonly [name: string, number: number])[];
  /** Adds new pairs, all or none. */
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
