/**
 * Reports every change of a swarm to one listener, in the order of the changes. These records are sufficient to keep a copy of
 * all peers. All code that inserts, refreshes or removes a peer reports it here. Without a listener a report is one comparison.
 */
import type { Arena } from './memory/arena.js';
import { type EndpointWords, FLAG_SHARED_HOST } from './memory/peer-record.js';
import { copyInfoHash } from './memory/torrent-table.js';

/** A peer is new: it announced, an original tracker named it, or a snapshot contained it. */
export const PEER_INSERTED = 1;
/** A known peer announced, or its flags or its lifetime changed. An early repeat that changes nothing is not reported. */
export const PEER_REFRESHED = 2;
/** A peer left, has another address now, is denied, or its whole swarm was dropped. */
export const PEER_REMOVED = 3;
/** A peer was silent for too long. */
export const PEER_EXPIRED = 4;

/** Reused for each change: a listener copies what it needs later. */
export class SwarmChange {
  /** One of the `PEER_` constants. */
  kind = PEER_INSERTED;
  /** Five words, most significant first. */
  readonly infoHash = new Uint32Array(5);
  family: 4 | 6 = 4;
  /** One word, four for IPv6, most significant first. */
  readonly address = new Uint32Array(4);
  port = 0;
  /** `FLAG_` bits of peer-record, without that of a shared host, which the store sets by itself. */
  flags = 0;
  /**
   * Inserted and refreshed: when the peer was last seen, from which its lifetime counts. Removed and expired: when that
   * happened. By the store's clock.
   */
  seconds = 0;
}

export interface SwarmListener {
  /** Called while the store works: it must not call the store, nor wait. */
  changed(change: SwarmChange): void;
  /** {@link changed} threw. The listener has missed a change, so it is detached. Must not throw. */
  failed(error: unknown): void;
}

export class SwarmChanges {
  listener: SwarmListener | null = null;
  private readonly change = new SwarmChange();

  constructor(private readonly arena: Arena) {}

  /** @param entry the torrent's. @param seconds as of {@link SwarmChange.seconds} */
  reportChange(kind: number, entry: number, endpoint: EndpointWords, flags: number, seconds: number): void {
    if (this.listener !== null) this.notifyListener(this.listener, kind, entry, endpoint, flags, seconds);
  }

  private notifyListener(
    listener: SwarmListener,
    kind: number,
    entry: number,
    endpoint: EndpointWords,
    flags: number,
    seconds: number,
  ): void {
    const { change } = this;
    const { words } = this.arena;
    change.kind = kind;
    copyInfoHash(words, entry, change.infoHash);
    change.family = endpoint.addressWords === 1 ? 4 : 6;
    change.address[0] = endpoint.word0;
    if (change.family === 6) {
      change.address[1] = endpoint.word1;
      change.address[2] = endpoint.word2;
      change.address[3] = endpoint.word3;
    }
    change.port = endpoint.port;
    change.flags = flags & ~FLAG_SHARED_HOST;
    change.seconds = seconds;
    try {
      listener.changed(change);
    } catch (error) {
      this.listener = null;
      listener.failed(error);
    }
  }
}
