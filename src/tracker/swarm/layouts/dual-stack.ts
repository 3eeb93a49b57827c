/** Finds the other record of a client that is in a swarm with both address families. */
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { HashKeys } from '../memory/hash-keys.js';
import { addressWordsOf, isDualStack, otherFamilyOf } from '../memory/peer-record.js';
import { refWordOf } from '../memory/torrent-table.js';
import type { FamilySwarms } from './family-swarm.js';

export class DualStackPeers {
  private readonly endpoint: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    hashKeys: HashKeys,
  ) {
    this.endpoint = new Endpoint(hashKeys);
  }

  /** @param record of the family, not 0. @returns the record of the same client in the other family, 0 if it has none */
  findOtherRecord(entry: number, family: 4 | 6, record: number): number {
    const words = this.arena.words;
    const meta = record + addressWordsOf(family);
    if (!isDualStack(words, meta)) return 0;
    const other = otherFamilyOf(family);
    this.endpoint.setIdentityFrom(words, meta);
    const otherRecord = this.swarms.findIdentity(words[refWordOf(entry, other)]!, this.endpoint, addressWordsOf(other));
    return otherRecord !== 0 && isDualStack(words, otherRecord + addressWordsOf(other)) ? otherRecord : 0;
  }
}
