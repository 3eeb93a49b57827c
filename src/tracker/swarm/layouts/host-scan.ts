/** Searches a swarm for other peers of a host, and marks peers that share one. */
import { FLAG_SHARED_HOST, flagsOf, isLeecher, setFlags, setHasNeighbours } from '../memory/peer-record.js';

/** A host with more peers of a torrent is not a home but a carrier's NAT, whose clients need not reach each other. */
export const MAX_NEIGHBOURS = 4;
/** At most this many peers of one host are listed: as many as large swarms index. */
const MAX_LISTED = 32;

/** The result of a search for other peers of the announcer's host: of the same address, IPv6 of the same /64. */
export class HostScan {
  count = 0;
  /** The record of the same address and identity, 0 if there is none. */
  sameIdentity = 0;
  /** The first records of them; valid until a peer is stored or removed. */
  readonly records = new Int32Array(MAX_LISTED);

  clearScan(): void {
    this.count = 0;
    this.sameIdentity = 0;
  }

  addRecord(record: number): void {
    if (this.count < MAX_LISTED) this.records[this.count] = record;
    this.count++;
  }

  /** A new peer of the host: the others share it from now on. @returns the flag for the new one, 0 for none */
  markSharedHost(words: Uint32Array, addressWords: 1 | 4): number {
    if (this.count <= (this.sameIdentity === 0 ? 0 : 1)) return 0;
    // If there were several, they already have the flag.
    const meta = this.records[0]! + addressWords;
    setFlags(words, meta, flagsOf(words, meta) | FLAG_SHARED_HOST);
    return FLAG_SHARED_HOST;
  }

  /**
   * A new peer at the same address: unless both have everything, they are neighbours from now on.
   * @param waits whether it is a leecher
   * @returns whether it has neighbours
   */
  linkNeighbours(words: Uint32Array, addressWords: 1 | 4, waits: boolean, self = 0): boolean {
    if (this.count > MAX_NEIGHBOURS + 1) return false;
    let met = false;
    for (let i = 0; i < this.count; i++) {
      const record = this.records[i]!;
      const meta = record + addressWords;
      if (record === self || record === this.sameIdentity || !(waits || isLeecher(flagsOf(words, meta)))) continue;
      setHasNeighbours(words, meta);
      met = true;
    }
    return met;
  }

  /** How many {@link records} there are. */
  get listedCount(): number {
    return Math.min(this.count, MAX_LISTED);
  }
}
