/** The info-hash of the current request as words, with its hash: read once, looked up and inserted without a copy. */
import { wordAt } from './endpoint-key.js';
import type { TorrentTable } from './torrent-table.js';

export class InfoHashWords {
  readonly words = new Uint32Array(5);
  /** Keyed hash of the info-hash. */
  hash = 0;

  constructor(private readonly table: TorrentTable) {}

  /** @param bytes holds the 20 bytes at `offset` */
  readInfoHash(bytes: Uint8Array, offset: number): void {
    const { words } = this;
    for (let i = 0; i < 5; i++) words[i] = wordAt(bytes, offset + 4 * i);
    this.hash = this.table.hashInfoHash(words, 0);
  }

  /** @param from the five words of an info-hash, and more that is ignored */
  setWords(from: Uint32Array): void {
    this.words.set(from.subarray(0, 5));
    this.hash = this.table.hashInfoHash(this.words, 0);
  }

  /** @returns the torrent's entry, 0 if there is none */
  findTorrent(): number {
    return this.table.findTorrent(this.hash, this.words, 0);
  }

  /** @returns a new entry @throws RangeError if the arena has no room */
  insertTorrent(): number {
    return this.table.insertTorrent(this.hash, this.words, 0);
  }
}
