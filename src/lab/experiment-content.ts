/** The content of an experiment with its torrent, and the script by which clients tell that their download is complete. */
import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../domain/random.js';

export const CONTENT_NAME = 'content.bin';
const PIECE_BYTES = 262_144;

export interface ExperimentContent {
  readonly torrentFile: string;
  readonly infoHash: string;
  /** Creates a file `done` in the folder of the client that calls it; its time is the result. */
  readonly hookFile: string;
}

/** Writes all of it into `directory`. @param announceUrl of the torrent's tracker */
export function writeContent(directory: string, bytes: number, announceUrl: string): ExperimentContent {
  const random = createRandom(20081023);
  const content = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) content.writeUInt32LE(random.nextUint32(), i);
  writeFileSync(join(directory, CONTENT_NAME), content);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    pieces.push(
      createHash('sha1')
        .update(content.subarray(at, at + PIECE_BYTES))
        .digest(),
    );
  }
  const hashes = Buffer.concat(pieces);
  const head = `d6:lengthi${bytes}e4:name${CONTENT_NAME.length}:${CONTENT_NAME}12:piece lengthi${PIECE_BYTES}e6:pieces${hashes.length}:`;
  const info = Buffer.concat([Buffer.from(head), hashes, Buffer.from('e')]);
  const torrentFile = join(directory, 'content.torrent');
  const outer = Buffer.from(`d8:announce${announceUrl.length}:${announceUrl}4:info`);
  writeFileSync(torrentFile, Buffer.concat([outer, info, Buffer.from('e')]));
  const infoHash = createHash('sha1').update(info).digest('hex');
  const hookFile = join(directory, 'complete.sh');
  writeFileSync(hookFile, '#!/bin/sh\ntouch "$(dirname "$3")/done"\n');
  chmodSync(hookFile, 0o755);
  return { torrentFile, infoHash, hookFile };
}
