/** The file list of a version 1 torrent: `length` or `files` (BEP 3), with the attributes of BEP 47. */
import { cutToBytes } from '../domain/cut-text.js';
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
import { MAX_FILES, MAX_PATH_BYTES } from './metainfo-limits.js';

export interface TorrentFile {
  /**
   * Path below the torrent's name, joined by `/`; the name for a torrent of one file. Not safe as a file name.
   * Truncated to MAX_PATH_BYTES.
   */
  readonly path: string;
  readonly bytes: number;
}

/** A file, or padding that aligns the next file to a piece (BEP 47). */
export interface FileOfV1 extends TorrentFile {
  readonly padding: boolean;
}

const SHA1_BYTES = 20;

export function notTorrent(why: string): ClientError {
  return new ClientError('invalid-torrent', `not a torrent: ${why}`);
}

/**
 * In the order of the torrent. If both `length` and `files` are present, `files` counts, as in libtorrent and
 * Transmission.
 * @throws ClientError `invalid-torrent`, also if `pieces` does not cover exactly these files
 */
export function readFilesV1(
  bytes: Uint8Array,
  info: ReadonlyMap<string, Span>,
  name: string,
  pieceBytes: number,
): FileOfV1[] {
  const length = info.get('length');
  const list = info.get('files');
  if (length === undefined && list === undefined) throw notTorrent('info has neither length nor files');
  const files =
    list === undefined ? [{ path: name, bytes: sizeAt(bytes, length!), padding: false }] : readList(bytes, list);
  const pieces = stringAt(bytes, info.get('pieces')!);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (pieces === undefined || pieces.length !== Math.ceil(total / pieceBytes) * SHA1_BYTES) {
    throw notTorrent('pieces does not fit the size of its files');
  }
  return files;
}

function readList(bytes: Uint8Array, list: Span): FileOfV1[] {
  if (!isList(bytes, list)) throw notTorrent('files is not a list');
  const files: FileOfV1[] = [];
  for (const item of listItems(bytes, list.start)) {
    if (files.length === MAX_FILES) throw notTorrent(`it has more than ${MAX_FILES} files`);
    files.push(readFile(bytes, item));
  }
  if (files.length === 0) throw notTorrent('files is empty');
  return files;
}

function readFile(bytes: Uint8Array, item: Span): FileOfV1 {
  if (!isDictionary(bytes, item)) throw notTorrent('an entry of files is not a dictionary');
  const entry = new Map(dictionaryEntries(bytes, item.start).entries.map(({ key, value }) => [key, value]));
  const { isPadding, isLink } = readAttributes(bytes, entry.get('attr'));
  const length = entry.get('length');
  if (length === undefined && !isLink) throw notTorrent('an entry of files has no length');
  const path = readPath(bytes, entry.get('path.utf-8') ?? entry.get('path'));
  if (path === undefined && !isPadding) throw notTorrent('the path of a file is not a list of strings');
  return { path: path ?? '', bytes: length === undefined ? 0 : sizeAt(bytes, length), padding: isPadding };
}

/** BEP 47: `p` marks padding, which needs no path, and `l` a symbolic link, which has no content. */
export function readAttributes(bytes: Uint8Array, span: Span | undefined): { isPadding: boolean; isLink: boolean } {
  const letters = span === undefined ? undefined : stringAt(bytes, span);
  return { isPadding: letters?.includes('p') ?? false, isLink: letters?.includes('l') ?? false };
}

function readPath(bytes: Uint8Array, span: Span | undefined): string | undefined {
  if (span === undefined || !isList(bytes, span)) return undefined;
  const parts = listItems(bytes, span.start).map((part) => stringAt(bytes, part)?.toString('utf8'));
  return parts.length === 0 || parts.includes(undefined) ? undefined : cutToBytes(parts.join('/'), MAX_PATH_BYTES);
}

/** @throws ClientError `invalid-torrent` */
export function sizeAt(bytes: Uint8Array, span: Span): number {
  const size = integerAt(bytes, span);
  if (size === undefined || size < 0) throw notTorrent('the length of a file is not a size');
  return size;
}
