/** The info-hash of the request in hand as words, with its hash: read once, looked up and inserted without a copy. */
import { wordAt } from './endpoint-key.js';
import type { TorrentTable } from './torrent-table.js';

export class InfoHashWords {
  private readonly words = new Uint32Array(5);
  /** Keyed, of the info-hash. */
  hash = 0;

  constructor(private readonly table: TorrentTable) {}

  /** @param bytes holds the 20 bytes at `offset` */
  read(bytes: Uint8Array, offset: number): void {
    const { words } = this;
    for (let i = 0; i < 5; i++) words[i] = wordAt(bytes, offset + 4 * i);
    this.hash = this.table.hash(words, 0);
  }

  /** @returns the torrent's entry, 0 if there is none */
  find(): number {
    return this.table.find(this.hash, this.words, 0);
  }

  /** @returns a new entry @throws RangeError if the arena has no room */
  insert(): number {
    return this.table.insert(this.hash, this.words, 0);
  }
}
