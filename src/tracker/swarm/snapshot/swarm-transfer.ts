/**
 * Converts swarms to words that survive the process, and back. A frame holds whole torrents, or a part of a large one; the last
 * frame holds the origins of imported peers (see origin-frame). A torrent is:
 *
 *   hash (5) | completed | completed by inner clients (31 bits), kept (1) | IPv4 records that follow | IPv6 records that follow | records as they are in the arena
 *
 * When a frame is restored, groups are looked up again, identities are lost (they are hashed with a key of the process), and ages
 * continue. A torrent that changes between two frames may lose or repeat a peer; the import detects repeats.
 */

import { ONLY_WORKER, ownsWord, type WorkerShare } from '../../workers/owner.js';
import { type FamilySwarms, KIND_SMALL, kindOf } from '../layouts/family-swarm.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import type { HashKeys } from '../memory/hash-keys.js';
import type { ImportOrigins } from '../memory/import-origins.js';
import {
  addressWordsOf,
  ageSeconds,
  flagsOf,
  hasNeighbours,
  levelOf,
  META_WORDS,
  META_WORDS_V1,
  portOf,
  recordWordsOf,
  restoreTotals,
  setHasNeighbours,
  setLastSeen,
} from '../memory/peer-record.js';
import { HAS_ROOM, type StoreRoom } from '../memory/store-room.js';
import {
  copyInfoHash,
  ENTRY_COMPLETED,
  ENTRY_COMPLETED_INNER,
  ENTRY_FLAG_FOREIGN_LEECHER,
  ENTRY_FLAG_PINNED,
  ENTRY_FLAGS,
  HASH_WORDS,
  refWordOf,
  type TorrentTable,
} from '../memory/torrent-table.js';
import { decodeOrigins, encodeOrigins, isOriginFrame } from './origin-frame.js';
import { SNAPSHOT_VERSION_1, SnapshotDamagedError } from './snapshot-codec.js';

const HEADER_WORDS = 9;
/** About this much is written at a time: half a millisecond of work. */
const FRAME_WORDS = 16 * 1024;
/** A frame fuller than this is closed: its rest is too small for another header. */
const FULL_FRAME_WORDS = FRAME_WORDS - 256;
/**
 * A frame is closed at the end of a table segment, so it may become longer than intended: with a million torrents, by the small
 * swarms of about five hundred.
 */
const MAX_SLICE_WORDS = 16 * FRAME_WORDS;

/** The flags of a restored peer by the rules now in force; {@link LEFT_BEHIND} if they exclude it. */
export type FlagsNow = (
  family: 4 | 6,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  port: number,
  flags: number,
  group: number,
) => number;

export const LEFT_BEHIND = -1;

/** Words of a record after the address. @param version of the snapshot; default: the current one */
export function metaWordsOf(version: number | undefined): number {
  return version === SNAPSHOT_VERSION_1 ? META_WORDS_V1 : META_WORDS;
}

export interface ImportContext {
  /** Words of a record after the address. */
  readonly metaWords: number;
  /** The store's clock now. */
  readonly nowSeconds: number;
  /** The store's clock when the snapshot was taken. */
  readonly takenAtSeconds: number;
  /** Seconds from then to now by the wall clock. */
  readonly elapsedSeconds: number;
  /** Peers older than this are not restored. */
  readonly maxAgeSeconds: number;
  groupOf(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): number;
  readonly flagsNow: FlagsNow;
  /** Who named the imported peers. */
  readonly origins: ImportOrigins;
  /** Called for each restored peer. */
  admitted(entry: number, flags: number, endpoint: Endpoint, lastSeen: number): void;
}

export class SwarmTransfer {
  /** Created when the first snapshot is taken. */
  private frame = new Uint32Array(0);
  private used = 0;
  private readonly infoHash = new Uint32Array(HASH_WORDS);
  private readonly endpoint: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly table: TorrentTable,
    private readonly swarms: FamilySwarms,
    private readonly room: StoreRoom,
    keys: HashKeys,
    /** Swarms of other workers are not taken from a snapshot. */
    private readonly share: WorkerShare = ONLY_WORKER,
  ) {
    this.endpoint = new Endpoint(keys);
  }

  /** Each frame is valid until the next is requested. The store may change between two frames. */
  *exportFrames(origins: ImportOrigins): Generator<Uint32Array> {
    const { table } = this;
    const { words } = this.arena;
    this.used = 0;
    if (this.frame.length === 0) this.frame = new Uint32Array(MAX_SLICE_WORDS);
    /** Hashes, five words each, of torrents larger than a slice: they are not written with their segment. */
    const large: number[] = [];
    for (let segment = 0; segment < table.segmentCount; segment++) {
      for (let slot = 0; slot < table.tableSlotsOf(segment); slot++) {
        const entry = table.entryInTableSlot(segment, slot);
        if (entry === 0) continue;
        if (this.isSmall(entry) && this.fits(entry)) this.writeTorrent(entry);
        else {
          copyInfoHash(words, entry, this.infoHash);
          large.push(...this.infoHash);
        }
      }
      if (this.used >= FRAME_WORDS) yield this.takeFrame();
    }
    for (let at = 0; at < large.length; at += 5) yield* this.exportLarge(large, at);
    if (this.used > 0) yield this.takeFrame();
    const named = origins.list();
    if (named.length > 0) yield encodeOrigins(named);
  }

  importFrame(frame: Uint32Array, context: ImportContext): void {
    if (isOriginFrame(frame)) {
      for (const origin of decodeOrigins(frame)) context.origins.restore(origin, context.nowSeconds);
      return;
    }
    let at = 0;
    while (at < frame.length) {
      if (at + HEADER_WORDS > frame.length) throw new SnapshotDamagedError('a torrent in the snapshot is truncated');
      const count4 = frame[at + 7]!;
      const count6 = frame[at + 8]!;
      const end = at + HEADER_WORDS + count4 * (1 + context.metaWords) + count6 * (4 + context.metaWords);
      if (end > frame.length) throw new SnapshotDamagedError('a torrent in the snapshot is truncated');
      if (ownsWord(this.share, frame[at]!)) this.importTorrent(frame, at, count4, count6, context);
      at = end;
    }
  }

  private isSmall(entry: number): boolean {
    const words = this.arena.words;
    return kindOf(words[refWordOf(entry, 4)]!) === KIND_SMALL && kindOf(words[refWordOf(entry, 6)]!) === KIND_SMALL;
  }

  private fits(entry: number): boolean {
    const words = this.arena.words;
    const size =
      HEADER_WORDS +
      this.swarms.size(words[refWordOf(entry, 4)]!) * recordWordsOf(1) +
      this.swarms.size(words[refWordOf(entry, 6)]!) * recordWordsOf(4);
    return this.used + size <= this.frame.length;
  }

  private writeTorrent(entry: number): void {
    const start = this.writeHeader(entry);
    for (const family of [4, 6] as const) {
      for (let slot = 0; slot >= 0; ) {
        slot = this.writePeers(entry, family, start, slot, this.frame.length);
      }
    }
  }

  /** A swarm of any size, in as many frames as needed. It is looked up by its hash for each. */
  private *exportLarge(hashes: readonly number[], at: number): Generator<Uint32Array> {
    const infoHash = Uint32Array.from(hashes.slice(at, at + 5));
    const hash = this.table.hashInfoHash(infoHash, 0);
    for (const family of [4, 6] as const) {
      for (let slot = 0; slot >= 0; ) {
        if (this.used >= FULL_FRAME_WORDS) yield this.takeFrame();
        const entry = this.table.findTorrent(hash, infoHash, 0);
        if (entry === 0) return;
        slot = this.writePeers(entry, family, this.writeHeader(entry), slot, FRAME_WORDS);
      }
    }
  }

  private writeHeader(entry: number): number {
    const words = this.arena.words;
    const { frame } = this;
    const start = this.used;
    copyInfoHash(words, entry, frame, start);
    frame[start + 5] = words[entry + ENTRY_COMPLETED]!;
    frame[start + 6] = (words[entry + ENTRY_COMPLETED_INNER]! << 1) | (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED);
    frame[start + 7] = 0;
    frame[start + 8] = 0;
    this.used += HEADER_WORDS;
    return start;
  }

  /** @returns the slot to continue with, −1 if the family is done */
  private writePeers(entry: number, family: 4 | 6, start: number, from: number, limit: number): number {
    const words = this.arena.words;
    const { frame } = this;
    const addressWords = addressWordsOf(family);
    const stride = recordWordsOf(addressWords);
    const ref = words[refWordOf(entry, family)]!;
    const counter = start + (family === 4 ? 7 : 8);
    let slot = this.swarms.nextUsedSlot(ref, from, addressWords);
    while (slot >= 0) {
      if (this.used + stride > limit) return slot;
      const record = this.swarms.recordInSlot(ref, slot, addressWords);
      for (let i = 0; i < stride; i++) frame[this.used + i] = words[record + i]!;
      this.used += stride;
      frame[counter] = frame[counter]! + 1;
      slot = this.swarms.nextUsedSlot(ref, slot + 1, addressWords);
    }
    return -1;
  }

  private takeFrame(): Uint32Array {
    const frame = this.frame.subarray(0, this.used);
    this.used = 0;
    return frame;
  }

  private importTorrent(frame: Uint32Array, at: number, count4: number, count6: number, context: ImportContext): void {
    const words = this.arena.words;
    const hash = this.table.hashInfoHash(frame, at);
    let entry = this.table.findTorrent(hash, frame, at);
    if (entry === 0) {
      if (!this.room.hasRoomForTorrent()) return;
      entry = this.table.insertTorrent(hash, frame, at);
    }
    words[entry + ENTRY_COMPLETED] = Math.max(words[entry + ENTRY_COMPLETED]!, frame[at + 5]!);
    words[entry + ENTRY_COMPLETED_INNER] = Math.max(words[entry + ENTRY_COMPLETED_INNER]!, frame[at + 6]! >>> 1);
    words[entry + ENTRY_FLAGS] =
      words[entry + ENTRY_FLAGS]! | (frame[at + 6]! & ENTRY_FLAG_PINNED) | ENTRY_FLAG_FOREIGN_LEECHER;
    let record = at + HEADER_WORDS;
    for (let i = 0; i < count4; i++, record += 1 + context.metaWords) this.importPeer(frame, record, 4, entry, context);
    for (let i = 0; i < count6; i++, record += 4 + context.metaWords) this.importPeer(frame, record, 6, entry, context);
    const empty = words[refWordOf(entry, 4)] === 0 && words[refWordOf(entry, 6)] === 0;
    if (empty && (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED) === 0) this.table.removeTorrent(entry);
  }

  private importPeer(frame: Uint32Array, from: number, family: 4 | 6, entry: number, context: ImportContext): void {
    const words = this.arena.words;
    const { endpoint } = this;
    const addressWords = addressWordsOf(family);
    const meta = from + addressWords;
    const age = ageSeconds(frame, meta, context.takenAtSeconds) + context.elapsedSeconds;
    if (age >= context.maxAgeSeconds || portOf(frame, meta) === 0) return;
    endpoint.setFromRecord(frame, from, addressWords);
    endpoint.identityLow = 0;
    endpoint.identityHigh = 0;
    const refAt = refWordOf(entry, family);
    if (this.swarms.findPeer(words[refAt]!, endpoint) !== 0) return;
    const word0 = frame[from]!;
    const [word1, word2, word3] = family === 4 ? [0, 0, 0] : [frame[from + 1]!, frame[from + 2]!, frame[from + 3]!];
    const group = context.groupOf(family, word0, word1, word2, word3);
    const port = portOf(frame, meta);
    const flags = context.flagsNow(family, word0, word1, word2, word3, port, flagsOf(frame, meta), group);
    if (flags === LEFT_BEHIND) return;
    if (this.room.roomForPeer(group, false) !== HAS_ROOM) return;
    const record = this.swarms.tryInsertPeer(words[refAt]!, endpoint, group, levelOf(frame, meta), flags);
    if (record === 0) return;
    words[refAt] = this.swarms.ref;
    const lastSeen = context.nowSeconds - age;
    setLastSeen(words, record + addressWords, lastSeen);
    // Evidence is not restored, except the totals, which the next announce is compared with.
    restoreTotals(words, record + addressWords, frame, meta, context.metaWords);
    if (hasNeighbours(frame, meta)) setHasNeighbours(words, record + addressWords);
    context.admitted(entry, flags, endpoint, lastSeen);
  }
}
