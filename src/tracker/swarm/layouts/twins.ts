/** Finds the other record of a client that is in a swarm with both address families. */
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { HashKeys } from '../memory/hash-keys.js';
import { addressWordsOf, isTwin } from '../memory/peer-record.js';
import { ENTRY_REF4, ENTRY_REF6 } from '../memory/torrent-table.js';
import type { FamilySwarms } from './family-swarm.js';

export class Twins {
  private readonly endpoint: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    hashKeys: HashKeys,
  ) {
    this.endpoint = new Endpoint(hashKeys);
  }

  /** @param record of the family, not 0. @returns the record of the same client in the other family, 0 if it has none */
  of(entry: number, family: 4 | 6, record: number): number {
    const words = this.arena.words;
    const meta = record + addressWordsOf(family);
    if (!isTwin(words, meta)) return 0;
    const other = otherOf(family);
    this.endpoint.setIdentityFrom(words, meta);
    const twin = this.swarms.findIdentity(words[refAt(entry, other)]!, this.endpoint, addressWordsOf(other));
    return twin !== 0 && isTwin(words, twin + addressWordsOf(other)) ? twin : 0;
  }
}

/** Where the swarm of a family is named in an entry. */
export function refAt(entry: number, family: 4 | 6): number {
  return entry + (family === 4 ? ENTRY_REF4 : ENTRY_REF6);
}

export function otherOf(family: 4 | 6): 4 | 6 {
  return family === 4 ? 6 : 4;
}
