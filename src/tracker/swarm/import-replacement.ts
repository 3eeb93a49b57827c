/**
 * Makes room for a new imported peer in a swarm that has as many as the limit allows: removes one that gateways could not use,
 * else the one that expires first, if that is before the new one. One walk over the swarm serves all peers of an import.
 * Bucketed swarms are not walked: one with thousands of peers of its own needs no more.
 */
import { type FamilySwarms, KIND_BUCKETED, kindOf } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { Endpoint } from './memory/endpoint-key.js';
import { failuresOf } from './memory/imported-peer.js';
import { addressWordsOf, ageSeconds, FLAG_UPSTREAM, flagsOf, portOf } from './memory/peer-record.js';
import { refWordOf } from './memory/torrent-table.js';
import { PEER_REMOVED } from './swarm-changes.js';
import type { SwarmMembership } from './swarm-membership.js';

/** A peer that may be replaced. By address, because records move when others are removed. */
interface Replaceable {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly port: number;
  readonly failures: number;
  readonly age: number;
}

export class ImportReplacement {
  /** The next one to be replaced is the last; undefined before the walk. */
  private replaceable: Replaceable[] | undefined;
  private most = 0;
  private newAge = 0;
  private nowSeconds = 0;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly membership: SwarmMembership,
    private readonly endpoint: Endpoint,
  ) {}

  /** @param most how many peers the import has. @param terms `lastSeen`: from which their lifetime counts */
  startImport(most: number, terms: { readonly lastSeen: number; readonly nowSeconds: number }): void {
    this.replaceable = undefined;
    this.most = most;
    this.newAge = terms.nowSeconds - terms.lastSeen;
    this.nowSeconds = terms.nowSeconds;
  }

  /** @returns false if no peer may be replaced. The torrent stays, even if it has no other peer */
  removeOne(entry: number): boolean {
    this.replaceable ??= this.find(entry);
    const { endpoint } = this;
    for (let next = this.replaceable.pop(); next !== undefined; next = this.replaceable.pop()) {
      endpoint.setAddress(next.family, ...next.words, next.port);
      const record = this.swarms.findPeer(this.arena.words[refWordOf(entry, next.family)]!, endpoint);
      // An earlier peer of this import may have refreshed it.
      if (record === 0 || !this.isReplaceable(record + endpoint.addressWords)) continue;
      this.membership.removePeer(entry, next.family, record, PEER_REMOVED, this.nowSeconds);
      return true;
    }
    return false;
  }

  private isReplaceable(meta: number): boolean {
    const { words } = this.arena;
    if ((flagsOf(words, meta) & FLAG_UPSTREAM) === 0) return false;
    return failuresOf(words, meta) > 0 || ageSeconds(words, meta, this.nowSeconds) > this.newAge;
  }

  private find(entry: number): Replaceable[] {
    const { words } = this.arena;
    const found: Replaceable[] = [];
    for (const family of [4, 6] as const) {
      const ref = words[refWordOf(entry, family)]!;
      if (kindOf(ref) === KIND_BUCKETED) continue;
      const addressWords = addressWordsOf(family);
      for (let slot = this.swarms.nextUsedSlot(ref, 0, addressWords); slot >= 0; ) {
        const record = this.swarms.recordInSlot(ref, slot, addressWords);
        if (this.isReplaceable(record + addressWords)) found.push(this.describe(record, family));
        slot = this.swarms.nextUsedSlot(ref, slot + 1, addressWords);
      }
    }
    found.sort((a, b) => a.failures - b.failures || a.age - b.age);
    return found.slice(-this.most);
  }

  private describe(record: number, family: 4 | 6): Replaceable {
    const { words } = this.arena;
    const meta = record + addressWordsOf(family);
    const [b, c, d] = family === 4 ? [0, 0, 0] : [words[record + 1]!, words[record + 2]!, words[record + 3]!];
    return {
      family,
      words: [words[record]!, b, c, d],
      port: portOf(words, meta),
      failures: failuresOf(words, meta),
      age: ageSeconds(words, meta, this.nowSeconds),
    };
  }
}
