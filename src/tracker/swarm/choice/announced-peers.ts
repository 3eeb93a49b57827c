/**
 * Removes from an answer the peers that did not announce here but were named by an original tracker. Only the exchange of another
 * alias tracker gets such answers: two that name each other would otherwise return peers to each other that have long left.
 */
import { readUint16, readUint32 } from '../../../wire/byte-order.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { FLAG_UPSTREAM, flagsOf } from '../memory/peer-record.js';
import { refWordOf } from '../memory/torrent-table.js';

export class AnnouncedPeers {
  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly endpoint: Endpoint,
  ) {}

  /** @param out with `count` compact peers of the family at `offset`. @returns how many are left there */
  keep(entry: number, family: 4 | 6, out: Uint8Array, offset: number, count: number): number {
    const peerBytes = family === 4 ? 6 : 18;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const at = offset + i * peerBytes;
      if (!this.hasAnnounced(entry, family, out, at)) continue;
      out.copyWithin(offset + kept * peerBytes, at, at + peerBytes);
      kept++;
    }
    return kept;
  }

  private hasAnnounced(entry: number, family: 4 | 6, out: Uint8Array, at: number): boolean {
    const { arena, endpoint } = this;
    const { words } = arena;
    if (family === 4) endpoint.setAddress(4, readUint32(out, at), 0, 0, 0, readUint16(out, at + 4));
    else {
      const [word0, word1] = [readUint32(out, at), readUint32(out, at + 4)];
      const [word2, word3] = [readUint32(out, at + 8), readUint32(out, at + 12)];
      endpoint.setAddress(6, word0, word1, word2, word3, readUint16(out, at + 16));
    }
    const record = this.swarms.findPeer(words[refWordOf(entry, family)]!, endpoint);
    return record !== 0 && (flagsOf(words, record + endpoint.addressWords) & FLAG_UPSTREAM) === 0;
  }
}
