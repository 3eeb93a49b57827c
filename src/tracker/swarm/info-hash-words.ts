/** The info-hash of the request in hand as words, with its hash: read once, looked up and inserted without a copy. */
import { wordAt } from './endpoint-key.js';
import type { TorrentTable } from './torrent-table.js';

export class InfoHashWords {
  private h0 = 0;
  private h1 = 0;
  private h2 = 0;
  private h3 = 0;
  private h4 = 0;
  private hash = 0;

  constructor(private readonly table: TorrentTable) {}

  /** @param bytes holds the 20 bytes at `offset` */
  read(bytes: Uint8Array, offset: number): void {
    this.h0 = wordAt(bytes, offset);
    this.h1 = wordAt(bytes, offset + 4);
    this.h2 = wordAt(bytes, offset + 8);
    this.h3 = wordAt(bytes, offset + 12);
    this.h4 = wordAt(bytes, offset + 16);
    this.hash = this.table.hash(this.h0, this.h1, this.h2);
  }

  isAt(bytes: Uint8Array, offset: number): boolean {
    return (
      this.h0 === wordAt(bytes, offset) &&
      this.h1 === wordAt(bytes, offset + 4) &&
      this.h2 === wordAt(bytes, offset + 8) &&
      this.h3 === wordAt(bytes, offset + 12) &&
      this.h4 === wordAt(bytes, offset + 16)
    );
  }

  /** @returns the torrent's entry, 0 where there is none */
  find(): number {
    return this.table.find(this.hash, this.h0, this.h1, this.h2, this.h3, this.h4);
  }

  /** @returns a new entry @throws RangeError where the arena has no room */
  insert(): number {
    return this.table.insert(this.hash, this.h0, this.h1, this.h2, this.h3, this.h4);
  }
}
