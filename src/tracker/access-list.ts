/**
 * Which torrents may be announced here: all (`open`), those of a list (`allow-list`, or `catalogue`, whose list changes with
 * every crawl), or all except those of a list (`deny-list`). Any mode may have a list of denied torrents as well. The whole list
 * is replaced at run time.
 */
import { InfoHashSet } from './info-hash-set.js';

export type AccessMode = 'open' | 'catalogue' | 'allow-list' | 'deny-list';

/** Plain data that is sent to the worker. */
export interface AccessListData {
  readonly mode: AccessMode;
  /** Concatenated hashes of 20 bytes; not used in mode `open`. */
  readonly hashes: Uint8Array;
  /** Torrents that are denied whatever the mode says. */
  readonly deniedHashes?: Uint8Array;
}

export const OPEN_ACCESS: AccessListData = { mode: 'open', hashes: new Uint8Array(0) };

export const ACCESS_PERMITTED = 0;
export const ACCESS_NOT_LISTED = 1;
export const ACCESS_DENIED = 2;

export class AccessList {
  private readonly allowed: InfoHashSet | null;
  private readonly denied: InfoHashSet | null;

  constructor(data: AccessListData) {
    const listed = data.mode === 'open' ? new Uint8Array(0) : data.hashes;
    this.allowed = data.mode === 'allow-list' || data.mode === 'catalogue' ? new InfoHashSet(listed) : null;
    const denied = [data.mode === 'deny-list' ? listed : new Uint8Array(0), data.deniedHashes ?? new Uint8Array(0)];
    const deniedSet = new InfoHashSet(new Uint8Array(Buffer.concat(denied)));
    this.denied = deniedSet.size === 0 ? null : deniedSet;
  }

  /** Whether every torrent is permitted. */
  get isOpen(): boolean {
    return this.allowed === null && this.denied === null;
  }

  /** @returns one of the `ACCESS_` constants */
  check(bytes: Uint8Array, offset: number): number {
    if (this.denied?.has(bytes, offset)) return ACCESS_DENIED;
    if (this.allowed === null || this.allowed.has(bytes, offset)) return ACCESS_PERMITTED;
    return ACCESS_NOT_LISTED;
  }
}
