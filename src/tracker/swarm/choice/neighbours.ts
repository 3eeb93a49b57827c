/**
 * Peers behind the requester's own address (IPv6: in its /64) come first, whatever their rank: their traffic does not leave
 * the home. This runs on a finished answer. Neighbours that it lacks replace its last peers.
 */
import type { Random } from '../../../domain/random.js';
import type { FamilySwarms } from '../layouts/family-swarm.js';
import { HostScan, MAX_NEIGHBOURS } from '../layouts/host-scan.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import { flagsOf, LIST_LEECHERS, LIST_NONE, listOfFlags } from '../memory/peer-record.js';
import type { CompactPeerSink } from './compact-peer-sink.js';

export class Neighbours {
  private readonly scan = new HostScan();

  constructor(
    private readonly swarms: FamilySwarms,
    private readonly random: Random,
  ) {}

  /**
   * @param offerServing whether seeds and paused peers may be handed out
   * @param want how many peers the answer may have
   * @param inner how many peers at the start of the answer are inner
   */
  includeNeighbours(
    ref: number,
    endpoint: Endpoint,
    offerServing: boolean,
    want: number,
    inner: number,
    sink: CompactPeerSink,
  ): void {
    const { scan } = this;
    this.swarms.scanHost(ref, endpoint, scan);
    const { listedCount } = scan;
    if (listedCount === 0) return;
    const most = Math.min(MAX_NEIGHBOURS, (want + 1) >>> 1);
    const start = listedCount > most ? this.random.below(listedCount) : 0;
    for (let i = 0, placed = 0; i < listedCount && placed < most; i++) {
      const record = scan.records[(start + i) % listedCount]!;
      if (record === sink.self) continue;
      const list = listOfFlags(flagsOf(sink.words, record + endpoint.addressWords));
      if (list === LIST_NONE || (list !== LIST_LEECHERS && !offerServing)) continue;
      let at = sink.indexOf(record);
      if (at < 0) {
        at = sink.written < want ? sink.written++ : Math.max(placed, inner > placed ? inner - 1 - placed : want - 1);
        sink.write(record, at);
      }
      sink.swap(at, placed++);
    }
  }
}
