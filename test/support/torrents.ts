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

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** The root of a tree over these hashes of pieces, made without the code under test (BEP 52). */
export function merkleRootOf(layer: Uint8Array, pieceBytes: number): Buffer {
  let filler: Buffer = Buffer.alloc(32);
  for (let bytes = PIECE_BYTES; bytes < pieceBytes; bytes *= 2) filler = sha256(filler, filler);
  const count = layer.length / 32;
  let row: Buffer[] = Array.from({ length: count }, (_, n) => Buffer.from(layer.subarray(32 * n, 32 * n + 32)));
  while ((row.length & (row.length - 1)) !== 0) row.push(filler);
  while (row.length > 1) row = row.flatMap((hash, n) => (n % 2 === 0 ? [sha256(hash, row[n + 1]!)] : []));
  return row[0]!;
}

/** A version 2 torrent of one file. @param stored in place of `layer` in the file, so that it does not fit */
export function v2TorrentWithLayer(layer: Uint8Array, pieceBytes: number, stored: Uint8Array = layer): Uint8Array {
  const root = merkleRootOf(layer, pieceBytes);
  const length = (layer.length / 32) * pieceBytes - 1;
  const text = (bytes: Uint8Array): string => `${bytes.length}:${Buffer.from(bytes).toString('latin1')}`;
  const tree = `9:file treed5:a.bind0:d6:lengthi${length}e11:pieces root${text(root)}eee`;
  const info = `d${tree}12:meta versioni2e4:name3:two12:piece lengthi${pieceBytes}ee`;
  return new Uint8Array(Buffer.from(`d4:info${info}12:piece layersd${text(root)}${text(stored)}ee`, 'latin1'));
}
