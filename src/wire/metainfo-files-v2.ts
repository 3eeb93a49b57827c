/**
 * Reads the files of a version 2 torrent (BEP 52): the `file tree`, in one pass at any depth, and the `piece layers`.
 * Each layer must hash to the root that the tree states for the file; a client refuses the file otherwise.
 */
import { hash } from 'node:crypto';
import { cutToBytes } from '../domain/cut-text.js';
import type { ClientError } from '../domain/errors.js';
import {
  type DictionaryEntry,
  dictionaryEntries,
  dictionaryKey,
  isDictionary,
  isDictionaryEnd,
  type Span,
  stringAt,
} from './metainfo-bencode.js';
import { type FileOfV1, notTorrent, readAttributes, sizeAt, type TorrentFile } from './metainfo-files.js';
import { MAX_FILES, MAX_PATH_BYTES } from './metainfo-limits.js';

export interface FileOfV2 extends TorrentFile {
  /** 32 bytes; undefined for an empty file. */
  readonly piecesRoot: Buffer | undefined;
}

const SHA256_BYTES = 32;
/** The leaves of the hash trees (BEP 52). */
const BLOCK_BYTES = 16_384;

/** BEP 52: a power of two, and at least a block. @throws ClientError `invalid-torrent` */
export function checkPieceBytesV2(pieceBytes: number): void {
  if (pieceBytes < BLOCK_BYTES || !Number.isInteger(Math.log2(pieceBytes))) {
    throw notTorrent(`the piece length of version 2 must be a power of two from ${BLOCK_BYTES}, not ${pieceBytes}`);
  }
}

/**
 * @param tree within bytes that are already scanned
 * @throws ClientError `invalid-torrent`; `invalid-bencode` if a node repeats a key
 */
export function readFilesV2(bytes: Uint8Array, tree: Span): FileOfV2[] {
  if (!isDictionary(bytes, tree)) throw notTorrent('the file tree is not a dictionary');
  const files: FileOfV2[] = [];
  const open: { readonly path: string; readonly keys: Set<string> }[] = [{ path: '', keys: new Set() }];
  let at = tree.start + 1;
  for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
    if (isDictionaryEnd(bytes, at)) {
      open.pop();
      at++;
      continue;
    }
    const { key, valueStart } = dictionaryKey(bytes, at, node.keys);
    const value = { start: valueStart, end: bytes.length };
    if (!isDictionary(bytes, value)) throw notTorrent('a node of the file tree is not a dictionary');
    if (key === '') {
      if (open.length === 1) throw notTorrent('a file of the file tree has no name');
      if (files.length === MAX_FILES) throw notTorrent(`it has more than ${MAX_FILES} files`);
      const { entries, end } = dictionaryEntries(bytes, valueStart);
      files.push(readFile(bytes, entries, node.path));
      at = end;
    } else {
      const name = Buffer.from(key, 'latin1').toString('utf8');
      const path = cutToBytes(open.length === 1 ? name : `${node.path}/${name}`, MAX_PATH_BYTES);
      open.push({ path, keys: new Set() });
      at = valueStart + 1;
    }
  }
  if (files.length === 0) throw notTorrent('the file tree is empty');
  return files;
}

function readFile(bytes: Uint8Array, entries: readonly DictionaryEntry[], path: string): FileOfV2 {
  const entry = new Map(entries.map(({ key, value }) => [key, value]));
  const length = entry.get('length');
  if (length === undefined && !readAttributes(bytes, entry.get('attr')).isLink) {
    throw notTorrent('a file of the file tree has no length');
  }
  const size = length === undefined ? 0 : sizeAt(bytes, length);
  const rootSpan = entry.get('pieces root');
  const piecesRoot = size === 0 || rootSpan === undefined ? undefined : stringAt(bytes, rootSpan);
  if (size > 0 && piecesRoot?.length !== SHA256_BYTES) {
    throw notTorrent(`the file "${path.slice(0, 100)}" has no pieces root of ${SHA256_BYTES} bytes`);
  }
  return { path, bytes: size, piecesRoot };
}

/**
 * @param layers `piece layers` of the torrent's top level, if present
 * @throws ClientError `invalid-torrent` if a file of more than one piece has no layer or a wrong one
 */
export function checkPieceLayers(
  bytes: Uint8Array,
  layers: Span | undefined,
  files: readonly FileOfV2[],
  pieceBytes: number,
): void {
  if (layers !== undefined && !isDictionary(bytes, layers)) throw notTorrent('piece layers is not a dictionary');
  const entries = layers === undefined ? [] : dictionaryEntries(bytes, layers.start).entries;
  const layerByRoot = new Map(entries.map(({ key, value }) => [key, value]));
  const padding = hashOfNothing(pieceBytes);
  const proven = new Set<string>();
  for (const { path, bytes: size, piecesRoot } of files) {
    if (size <= pieceBytes || piecesRoot === undefined) continue;
    const root = piecesRoot.toString('latin1');
    const span = layerByRoot.get(root);
    const layer = span === undefined ? undefined : stringAt(bytes, span);
    const fits = layer !== undefined && layer.length === Math.ceil(size / pieceBytes) * SHA256_BYTES;
    if (!fits || (!proven.has(root) && !merkleRoot(layer, padding).equals(piecesRoot))) {
      throw notTorrent(
        `the piece layer of "${path.slice(0, 100)}" ${layer === undefined ? 'is missing' : 'does not fit'}`,
      );
    }
    proven.add(root);
  }
}

/** The hash of a piece past the end of a file: its blocks count as zeros. */
function hashOfNothing(pieceBytes: number): Buffer {
  let root: Buffer = Buffer.alloc(SHA256_BYTES);
  for (let bytes = BLOCK_BYTES; bytes < pieceBytes; bytes *= 2) root = sha256(Buffer.concat([root, root]));
  return root;
}

/** @param layer hashes of pieces, concatenated @param padding fills it up to a power of two */
function merkleRoot(layer: Buffer, padding: Buffer): Buffer {
  let row = layer;
  let filler = padding;
  while (row.length > SHA256_BYTES) {
    const pairs = Math.ceil(row.length / (2 * SHA256_BYTES));
    const above = Buffer.alloc(pairs * SHA256_BYTES);
    for (let i = 0; i < pairs; i++) {
      const pair = row.subarray(2 * i * SHA256_BYTES, 2 * (i + 1) * SHA256_BYTES);
      sha256(pair.length === SHA256_BYTES ? Buffer.concat([pair, filler]) : pair).copy(above, i * SHA256_BYTES);
    }
    row = above;
    filler = sha256(Buffer.concat([filler, filler]));
  }
  return row;
}

/** A layer of a large torrent needs two million of these: `hash` takes about half the time of `createHash`. */
function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/**
 * BEP 52: the two halves of a hybrid torrent describe the same files in the same order, and each version 1 file starts
 * on a piece boundary. Otherwise clients of the two versions would receive different content.
 * @throws ClientError `invalid-torrent`
 */
export function checkHybrid(v1: readonly FileOfV1[], v2: readonly FileOfV2[], pieceBytes: number): void {
  const differ = (): ClientError => notTorrent('its version 1 and version 2 halves name different files (BEP 52)');
  let next = 0;
  let offset = 0;
  for (const { path, bytes, padding } of v1) {
    if (!padding) {
      const other = v2[next++];
      if (other === undefined || other.path !== path || other.bytes !== bytes) throw differ();
      if (bytes > 0 && offset % pieceBytes !== 0)
        throw notTorrent(`"${path.slice(0, 100)}" does not start with a piece`);
    }
    offset += bytes;
  }
  if (next !== v2.length) throw differ();
}
