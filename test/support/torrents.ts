/** Small torrents made to measure. */
import { createHash } from 'node:crypto';
import bencode from 'bencode';

const PIECE_BYTES = 16_384;

/** A v1 torrent of one small file with these keys beside `info`, and these more inside it. */
export function torrentWith(top: Record<string, unknown>, moreInfo: Record<string, unknown> = {}): Uint8Array {
  const info = {
    ...moreInfo,
    length: 5,
    name: moreInfo.name ?? 'hello.txt',
    'piece length': PIECE_BYTES,
    pieces: createHash('sha1').update('hello').digest(),
  };
  return new Uint8Array(bencode.encode({ ...top, info }));
}

const fileTree = {
  dir: {
    'a.bin': { '': { length: 10, 'pieces root': Buffer.alloc(32, 1) } },
    'b.bin': { '': { length: 20, 'pieces root': Buffer.alloc(32, 2) } },
  },
};

/** Version 2 only (BEP 52). */
export function v2Torrent(): Uint8Array {
  const info = { 'file tree': fileTree, 'meta version': 2, name: 'two', 'piece length': PIECE_BYTES };
  return new Uint8Array(bencode.encode({ info }));
}

/** Versions 1 and 2 in one, with the filler between files that version 1 needs to align them. */
export function hybridTorrent(): Uint8Array {
  const files = [
    { length: 10, path: ['dir', 'a.bin'] },
    { attr: 'p', length: PIECE_BYTES - 10, path: ['.pad', String(PIECE_BYTES - 10)] },
    { length: 20, path: ['dir', 'b.bin'] },
  ];
  const info = {
    'file tree': fileTree,
    files,
    'meta version': 2,
    name: 'both',
    'piece length': PIECE_BYTES,
    pieces: Buffer.alloc(40, 3),
  };
  return new Uint8Array(bencode.encode({ announce: 'http://old.example/announce', info }));
}
