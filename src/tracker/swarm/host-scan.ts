/** A search for other peers of a host in a swarm, and what follows for peers that share one. */
import { FLAG_SHARED_HOST, flagsOf, setFlags } from './peer-record.js';

/** More peers of one host are not listed; it is as many as large swarms index. */
const MAX_LISTED = 32;

/** What a search for other peers of the announcer's host found: of the same address, IPv6 of the same /64. */
export class HostScan {
  count = 0;
  /** The record of the same address and identity, 0 where there is none. */
  sameIdentity = 0;
  /** The first records of them; valid until a peer is stored or removed. */
  readonly records = new Int32Array(MAX_LISTED);

  clear(): void {
    this.count = 0;
    this.sameIdentity = 0;
  }

  add(record: number): void {
    if (this.count < MAX_LISTED) this.records[this.count] = record;
    this.count++;
  }

  /** Another peer of the host comes: the others share it from now on. @returns the flag that the new one gets, 0 for none */
  noteShared(words: Uint32Array, addressWords: 1 | 4): number {
    if (this.count <= (this.sameIdentity === 0 ? 0 : 1)) return 0;
    // Where there were several, they have the flag already.
    const meta = this.records[0]! + addressWords;
    setFlags(words, meta, flagsOf(words, meta) | FLAG_SHARED_HOST);
    return FLAG_SHARED_HOST;
  }

  /** How many {@link records} there are. */
  get listed(): number {
    return Math.min(this.count, MAX_LISTED);
  }
}
