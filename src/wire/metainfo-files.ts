/** The file list of a torrent: `length` or `files` of version 1 (BEP 3), the `file tree` of version 2 (BEP 52). */
import { ClientError } from '../domain/errors.js';
import {
  dictionaryEntries,
  integerAt,
  isDictionary,
  isList,
  listItems,
  type Span,
  stringAt,
} from './metainfo-bencode.js';
import { MAX_FILES } from './metainfo-limits.js';

export interface TorrentFile {
  /** Path below the torrent's name, joined by `/`; for a torrent of one file its name. Not safe as a file name. */
  readonly path: string;
  readonly bytes: number;
}

const SHA1_BYTES = 20;

function notTorrent(why: string): ClientError {
  return new ClientError('torrent', `not a torrent: ${why}`);
}

/** @throws ClientError `torrent` also where `pieces` does not cover exactly these files */
export function readFilesV1(
  bytes: Uint8Array,
  info: ReadonlyMap<string, Span>,
  name: string,
  pieceBytes: number,
): TorrentFile[] {
  const length = info.get('length');
  const list = info.get('files');
  if ((length === undefined) === (list === undefined)) throw notTorrent('info must have either length or files');
  const all = length !== undefined ? [{ path: name, bytes: sizeAt(bytes, length), padding: false }] : [];
  if (list !== undefined) {
    if (!isList(bytes, list)) throw notTorrent('files is not a list');
    for (const item of listItems(bytes, list.start)) {
      if (all.length === MAX_FILES) throw notTorrent(`it has more than ${MAX_FILES} files`);
      all.push(readFile(bytes, item));
    }
    if (all.length === 0) throw notTorrent('files is empty');
  }
  const pieces = stringAt(bytes, info.get('pieces')!);
  const total = all.reduce((sum, file) => sum + file.bytes, 0);
  if (pieces === undefined || pieces.length !== Math.ceil(total / pieceBytes) * SHA1_BYTES) {
    throw notTorrent('pieces does not fit the size of its files');
  }
  return all.filter((file) => !file.padding).map(({ path, bytes }) => ({ path, bytes }));
}

function readFile(bytes: Uint8Array, item: Span): TorrentFile & { padding: boolean } {
  if (!isDictionary(bytes, item)) throw notTorrent('an entry of files is not a dictionary');
  const entry = new Map(dictionaryEntries(bytes, item.start).entries.map(({ key, value }) => [key, value]));
  const length = entry.get('length');
  const path = entry.get('path.utf-8') ?? entry.get('path');
  if (length === undefined || path === undefined || !isList(bytes, path)) {
    throw notTorrent('an entry of files lacks length or path');
  }
  const parts = listItems(bytes, path.start).map((part) => stringAt(bytes, part)?.toString('utf8'));
  if (parts.length === 0 || parts.includes(undefined)) throw notTorrent('the path of a file is not a list of strings');
  const attributes = entry.get('attr');
  return {
    path: parts.join('/'),
    bytes: sizeAt(bytes, length),
    // BEP 47: `p` marks filler between files, which hybrid torrents need and nobody wants to see.
    padding: attributes !== undefined && (stringAt(bytes, attributes)?.includes('p') ?? false),
  };
}

/** @throws ClientError `torrent` */
export function readFilesV2(bytes: Uint8Array, tree: Span): TorrentFile[] {
  const files: TorrentFile[] = [];
  const walk = (node: Span, path: readonly string[]): void => {
    if (!isDictionary(bytes, node)) throw notTorrent('a node of the file tree is not a dictionary');
    for (const { key, value } of dictionaryEntries(bytes, node.start).entries) {
      if (key !== '') {
        walk(value, [...path, Buffer.from(key, 'latin1').toString('utf8')]);
        continue;
      }
      if (path.length === 0 || !isDictionary(bytes, value)) throw notTorrent('a file of the file tree has no name');
      if (files.length === MAX_FILES) throw notTorrent(`it has more than ${MAX_FILES} files`);
      const length = dictionaryEntries(bytes, value.start).entries.find((entry) => entry.key === 'length');
      if (length === undefined) throw notTorrent('a file of the file tree has no length');
      files.push({ path: path.join('/'), bytes: sizeAt(bytes, length.value) });
    }
  };
  walk(tree, []);
  if (files.length === 0) throw notTorrent('the file tree is empty');
  return files;
}

function sizeAt(bytes: Uint8Array, span: Span): number {
  const size = integerAt(bytes, span);
  if (size === undefined || size < 0) throw notTorrent('the length of a file is not a size');
  return size;
}
