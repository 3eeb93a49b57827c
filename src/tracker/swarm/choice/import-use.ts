/**
 * Finds imported peers that are of no use: each that a gateway is given is marked, and if the gateway receives nothing, those
 * with its mark have failed once more. The sweep drops peers that have failed too often. Nothing here runs for a swarm without
 * imported peers.
 */
import { type FamilySwarms, KIND_BUCKETED, kindOf } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { markOfGateway, noteFailureOf, noteGivenTo } from '../memory/imported-peer.js';
import { addressWordsOf, FLAG_UPSTREAM, flagsOf } from '../memory/peer-record.js';
import { ENTRY_UPSTREAM, refWordOf } from '../memory/torrent-table.js';
import type { CompactPeerSink } from './compact-peer-sink.js';

export class ImportUse {
  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    /** For this object alone. */
    private readonly endpoint: Endpoint,
  ) {}

  /**
   * Marks the imported ones of the last `foreign` peers in an answer to a gateway.
   * @param family of the peers
   */
  noteGiven(entry: number, family: 4 | 6, gateway: Endpoint, sink: CompactPeerSink, foreign: number): void {
    const { words } = this.arena;
    if (words[entry + ENTRY_UPSTREAM] === 0) return;
    const ref = words[refWordOf(entry, family)]!;
    const mark = markOfGateway(gateway.hostHash);
    for (let i = Math.max(0, sink.written - foreign); i < sink.written; i++) {
      sink.readEndpoint(i, this.endpoint);
      const record = this.swarms.findPeer(ref, this.endpoint);
      const meta = record + this.endpoint.addressWords;
      if (record !== 0 && (flagsOf(words, meta) & FLAG_UPSTREAM) !== 0) noteGivenTo(words, meta, mark);
    }
  }

  /** The gateway has received nothing from the peers that it has. In a bucketed swarm nothing is recorded: see import-replacement. */
  noteStall(entry: number, gateway: Endpoint): void {
    const { words } = this.arena;
    const imported = words[entry + ENTRY_UPSTREAM]!;
    if (imported === 0) return;
    const mark = markOfGateway(gateway.hostHash);
    this.noteStallOf(entry, 4, mark, imported);
    this.noteStallOf(entry, 6, mark, imported);
  }

  /** @param most how many imported peers there are at most */
  private noteStallOf(entry: number, family: 4 | 6, mark: number, most: number): void {
    const { words } = this.arena;
    const ref = words[refWordOf(entry, family)]!;
    if (ref === 0 || kindOf(ref) === KIND_BUCKETED) return;
    const addressWords = addressWordsOf(family);
    let left = most;
    let slot = this.swarms.nextUsedSlot(ref, 0, addressWords);
    while (slot >= 0 && left > 0) {
      const meta = this.swarms.recordInSlot(ref, slot, addressWords) + addressWords;
      if ((flagsOf(words, meta) & FLAG_UPSTREAM) !== 0) {
        left--;
        noteFailureOf(words, meta, mark);
      }
      slot = this.swarms.nextUsedSlot(ref, slot + 1, addressWords);
    }
  }
}
