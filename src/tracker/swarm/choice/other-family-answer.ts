/**
 * Peers of the other address family for an answer with room left (BEP 7: an HTTP answer may hold both). A client that
 * announces over one family may reach the other: aria2c announces once to a tracker with two addresses. Clients that announce
 * over both are skipped, and so are peers with both families, because the answer has their other address.
 */

import type { FamilySwarms } from '../layouts/family-swarm.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { addressWordsOf, isDualStack } from '../memory/peer-record.js';
import type { CompactPeerSink } from './compact-peer-sink.js';

/** Most peers chosen before duplicates are removed: two answers of IPv6 peers. */
const MAX_CHOSEN_OTHER = 2 * 200 + 1;
const IPV6_PEER_BYTES = 18;

export class OtherFamilyAnswer {
  readonly chosen = new Uint8Array(MAX_CHOSEN_OTHER * IPV6_PEER_BYTES);
  private readonly view = new DataView(this.chosen.buffer);

  constructor(
    private readonly swarms: FamilySwarms,
    private readonly words: Uint32Array,
    /** For this object alone. */
    private readonly endpoint: Endpoint,
  ) {}

  /**
   * How many peers to choose, so that `want` are left without duplicates.
   * @param given peers of the requester's own family that are in the answer: at most these, and itself, are found again
   */
  static countToChoose(want: number, given: number): number {
    return Math.min(want + given + 1, MAX_CHOSEN_OTHER);
  }

  /**
   * Copies the chosen peers, except those with both families.
   * @param ref the swarm of the other family. @param sink its peers lie in {@link chosen}
   * @returns how many were copied, at most `want`
   */
  copyWithoutDualStack(
    ref: number,
    family: 4 | 6,
    sink: CompactPeerSink,
    want: number,
    out: Uint8Array,
    offset: number,
  ): number {
    const { endpoint, view, chosen } = this;
    const addressWords = addressWordsOf(family);
    const bytes = 4 * addressWords + 2;
    let copied = 0;
    for (let i = 0, at = 0; i < sink.written && copied < want; i++, at += bytes) {
      const port = view.getUint16(at + bytes - 2);
      if (family === 4) endpoint.setAddress(4, view.getUint32(at), 0, 0, 0, port);
      else {
        const [a, b, c, d] = [0, 4, 8, 12].map((word) => view.getUint32(at + word)) as [number, number, number, number];
        endpoint.setAddress(6, a, b, c, d, port);
      }
      const record = this.swarms.findPeer(ref, endpoint);
      if (record !== 0 && isDualStack(this.words, record + addressWords)) continue;
      const to = offset + copied * bytes;
      for (let j = 0; j < bytes; j++) out[to + j] = chosen[at + j]!;
      copied++;
    }
    return copied;
  }
}
