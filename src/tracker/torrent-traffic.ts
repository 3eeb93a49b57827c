/**
 * The bytes that localised clients downloaded, by torrent: a bounded table in shared memory, as with `traffic-meter.ts`. A torrent has
 * eight slots in which it may be. If all are used, it replaces the one with the fewest bytes that the control plane has not read yet.
 */
import { readUint32 } from '../wire/byte-order.js';

export const TORRENT_SLOTS = 4_096;
const WAYS = 8;
const SETS = TORRENT_SLOTS / WAYS;
const HASH_WORDS = 5;
const HASH_BYTES = 20;

/** One array for each field, so that the search of a set reads few cache lines. */
function fieldsOf(memory: ArrayBufferLike) {
  let at = 0;
  const floats = (count: number): Float64Array => {
    const field = new Float64Array(memory, at, count);
    at += field.byteLength;
    return field;
  };
  const integers = (count: number): Int32Array => {
    const field = new Int32Array(memory, at, count);
    at += field.byteLength;
    return field;
  };
  return {
    downloaded: floats(TORRENT_SLOTS),
    foreign: floats(TORRENT_SLOTS),
    /** What the control plane has read. Only that writes it. */
    readDownloaded: floats(TORRENT_SLOTS),
    readForeign: floats(TORRENT_SLOTS),
    readGeneration: integers(TORRENT_SLOTS),
    /** Of the torrent in a slot. 0: it was never used; odd: it is being replaced. */
    generation: integers(TORRENT_SLOTS),
    hashes: integers(HASH_WORDS * TORRENT_SLOTS),
  };
}

const SLOT_BYTES = 4 * Float64Array.BYTES_PER_ELEMENT + (2 + HASH_WORDS) * Int32Array.BYTES_PER_ELEMENT;

export function createTorrentTrafficMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(TORRENT_SLOTS * SLOT_BYTES);
}

/** For the worker, which is the only one that adds. */
export class TorrentTraffic {
  private readonly fields: ReturnType<typeof fieldsOf>;

  constructor(memory: ArrayBufferLike = createTorrentTrafficMemory()) {
    this.fields = fieldsOf(memory);
    const { generation, downloaded, foreign } = this.fields;
    for (let slot = 0; slot < TORRENT_SLOTS; slot++) {
      if ((generation[slot]! & 1) === 0) continue;
      // A worker that ended within a replacement has left half of it.
      downloaded[slot] = 0;
      foreign[slot] = 0;
      Atomics.store(generation, slot, generation[slot]! + 1);
    }
  }

  /** @param bytes holds the info-hash at `offset` */
  note(bytes: Uint8Array, offset: number, downloadedBytes: number, foreignBytes: number): void {
    const { downloaded, foreign } = this.fields;
    const slot = this.slotOf(bytes, offset);
    downloaded[slot]! += downloadedBytes;
    foreign[slot]! += foreignBytes;
  }

  private slotOf(bytes: Uint8Array, offset: number): number {
    const { downloaded, readDownloaded, generation, readGeneration } = this.fields;
    const first = (readUint32(bytes, offset) & (SETS - 1)) * WAYS;
    let smallest = first;
    let fewest = Number.POSITIVE_INFINITY;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (generation[slot] !== 0 && this.isAt(slot, bytes, offset)) return slot;
      const isRead = generation[slot] === readGeneration[slot];
      const unread = generation[slot] === 0 ? -1 : downloaded[slot]! - (isRead ? readDownloaded[slot]! : 0);
      if (unread >= fewest) continue;
      fewest = unread;
      smallest = slot;
    }
    this.replace(smallest, bytes, offset);
    return smallest;
  }

  private isAt(slot: number, bytes: Uint8Array, offset: number): boolean {
    const { hashes } = this.fields;
    for (let word = 0; word < HASH_WORDS; word++) {
      if (hashes[HASH_WORDS * slot + word] !== (readUint32(bytes, offset + 4 * word) | 0)) return false;
    }
    return true;
  }

  private replace(slot: number, bytes: Uint8Array, offset: number): void {
    const { hashes, downloaded, foreign, generation } = this.fields;
    Atomics.store(generation, slot, generation[slot]! + 1);
    downloaded[slot] = 0;
    foreign[slot] = 0;
    for (let word = 0; word < HASH_WORDS; word++) {
      hashes[HASH_WORDS * slot + word] = readUint32(bytes, offset + 4 * word);
    }
    Atomics.store(generation, slot, generation[slot]! + 1);
  }
}

export interface TorrentBytes {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly downloaded: number;
  readonly foreignByShare: number;
}

/** For the control plane: what has been added since the last call. A torrent that was replaced in between is missing. */
export function takeTorrentTraffic(memory: ArrayBufferLike): TorrentBytes[] {
  const { downloaded, foreign, readDownloaded, readForeign, readGeneration, generation, hashes } = fieldsOf(memory);
  const taken: TorrentBytes[] = [];
  const name = Buffer.alloc(HASH_BYTES);
  for (let slot = 0; slot < TORRENT_SLOTS; slot++) {
    const before = Atomics.load(generation, slot);
    if (before === 0 || (before & 1) !== 0) continue;
    const isNew = before !== readGeneration[slot];
    const nowDownloaded = downloaded[slot]!;
    const nowForeign = foreign[slot]!;
    if (!isNew && nowDownloaded === readDownloaded[slot]) continue;
    for (let word = 0; word < HASH_WORDS; word++) name.writeInt32BE(hashes[HASH_WORDS * slot + word]!, 4 * word);
    // The worker has replaced the torrent while it was read; the next call reads the new one.
    if (Atomics.load(generation, slot) !== before) continue;
    const grown = nowDownloaded - (isNew ? 0 : readDownloaded[slot]!);
    // The two sums are not read at one instant.
    const foreignByShare = Math.min(grown, Math.max(0, nowForeign - (isNew ? 0 : readForeign[slot]!)));
    readDownloaded[slot] = nowDownloaded;
    readForeign[slot] = nowForeign;
    readGeneration[slot] = before;
    if (grown > 0) taken.push({ infoHash: name.toString('hex'), downloaded: grown, foreignByShare });
  }
  return taken;
}
