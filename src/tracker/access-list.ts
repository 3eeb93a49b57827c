/**
 * Which torrents may be announced here: all (`open`), those of a list (`allow-list`, and `catalogue` where the list is the
 * catalogue's and grows with every crawl), or all but those of a list (`deny-list`). Replaced whole while running.
 */
import { InfoHashSet } from './info-hash-set.js';

export type AccessMode = 'open' | 'catalogue' | 'allow-list' | 'deny-list';

/** Plain data that crosses to the worker. */
export interface AccessListData {
  readonly mode: AccessMode;
  /** 20 bytes a hash, one behind the other; empty for `open`. */
  readonly hashes: Uint8Array;
}

export const OPEN_ACCESS: AccessListData = { mode: 'open', hashes: new Uint8Array(0) };

export class AccessList {
  readonly mode: AccessMode;
  readonly #hashes: InfoHashSet;

  constructor(data: AccessListData) {
    this.mode = data.mode;
    this.#hashes = new InfoHashSet(data.hashes);
  }

  permits(bytes: Uint8Array, offset: number): boolean {
    if (this.mode === 'open') return true;
    return this.#hashes.has(bytes, offset) !== (this.mode === 'deny-list');
  }
}
