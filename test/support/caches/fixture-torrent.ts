/** Torrents of random content for real clients: small, different in each run, and with content to place on a disk. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bencode from 'bencode';
import type { AddTorrent } from '../../../src/caches/cache-client.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';

const PIECE_BYTES = 32_768;
const FIRST_BYTES = 700_001;
/** Of the content of each torrent. */
export const FIXTURE_BYTES = 64 * PIECE_BYTES;

export interface FixtureTorrent extends AddTorrent {
  readonly file: string;
  readonly name: string;
  readonly content: Buffer;
}

/** Writes the torrent file into `directory`. Two files in a directory, as most torrents are. */
export function makeFixtureTorrent(directory: string, name: string): FixtureTorrent {
  const content = randomBytes(FIXTURE_BYTES);
  const pieces = Buffer.concat(
    Array.from({ length: FIXTURE_BYTES / PIECE_BYTES }, (_, i) =>
      createHash('sha1')
        .update(content.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES))
        .digest(),
    ),
  );
  const files = [
    { length: FIRST_BYTES, path: ['first.bin'] },
    { length: FIXTURE_BYTES - FIRST_BYTES, path: ['sub', 'second.bin'] },
  ];
  const info = { files, name, 'piece length': PIECE_BYTES, pieces };
  const metainfo = new Uint8Array(bencode.encode({ announce: 'http://127.0.0.1:9/announce', info }));
  const infoHash = parseInfoHash(createHash('sha1').update(bencode.encode(info)).digest('hex'));
  const file = join(directory, `${name}.torrent`);
  writeFileSync(file, metainfo);
  return { infoHash, metainfo, peers: [], file, name, content };
}

/** Writes the content into `directory`. @param only leaves the other file out */
export function placeContent(directory: string, { name, content }: FixtureTorrent, only?: 'first.bin'): void {
  mkdirSync(join(directory, name, 'sub'), { recursive: true });
  writeFileSync(join(directory, name, 'first.bin'), content.subarray(0, FIRST_BYTES));
  if (only === undefined) writeFileSync(join(directory, name, 'sub', 'second.bin'), content.subarray(FIRST_BYTES));
}
