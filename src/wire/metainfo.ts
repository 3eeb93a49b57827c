/**
 * Reads a torrent file (BEP 3; BEP 12 announce-list, BEP 27 private, BEP 52 version 2 and hybrid) without encoding it
 * again: the info-hash is computed over the original bytes. Rewriting is in metainfo-rewrite.ts. Pieces are not checked
 * against content, and path names are not made safe for a file system: nothing here writes files.
 */
import { createHash } from 'node:crypto';
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError } from '../domain/errors.js';
import { type InfoHash, infoHashFromBytes } from '../domain/info-hash.js';
import { isAnnounceUrl } from './metainfo-announce-url.js';
import {
  bufferOf,
  type DictionaryEntry,
  dictionaryEntries,
  integerAt,
  isDictionary,
  isList,
  listItems,
  type Span,
  scanValue,
  stringAt,
} from './metainfo-bencode.js';
import { notTorrent, readFilesV1, type TorrentFile } from './metainfo-files.js';
import { checkHybrid, checkPieceBytesV2, checkPieceLayers, readFilesV2 } from './metainfo-files-v2.js';
import { MAX_NAME_BYTES, MAX_TORRENT_BYTES, MAX_TRACKERS } from './metainfo-limits.js';

export interface Metainfo {
  /** Identifies the torrent: SHA-1 of `info`, or for a v2-only torrent SHA-256 truncated to 20 bytes. */
  readonly infoHash: InfoHash;
  /** The second hash under which clients of a hybrid torrent announce (BEP 52): SHA-256 truncated to 20 bytes. */
  readonly hybridInfoHash: InfoHash | undefined;
  /** All 64 hex digits of a v2 hash, for `urn:btmh`. */
  readonly infoHashV2: string | undefined;
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceBytes: number;
  readonly files: readonly TorrentFile[];
  /** BEP 27: its peers may come only from its own tracker. */
  readonly private: boolean;
  /** The original trackers by tier: `announce-list` if present, else `announce`. Unusable URLs are omitted. */
  readonly trackerTiers: readonly (readonly string[])[];
  /** The byte span of `info` in the file. */
  readonly infoSpan: Span;
  /** The top level of the file, in file order. */
  readonly entries: readonly DictionaryEntry[];
}

/**
 * @param layers `absent`: the file was made of the description that peers send, which never has the piece layers (BEP 52)
 * @throws ClientError `invalid-bencode` if the bytes are not one bencoded dictionary, `invalid-torrent` if it is not a torrent
 */
export function parseMetainfo(input: Uint8Array, layers: 'present' | 'absent' = 'present'): Metainfo {
  const bytes = bufferOf(input);
  if (bytes.length > MAX_TORRENT_BYTES) {
    throw notTorrent(`it has ${bytes.length} bytes, more than the ${MAX_TORRENT_BYTES} that clients accept`);
  }
  const { entries, end } = dictionaryEntries(bytes, 0);
  if (isTorrentAt(bytes, end))
    throw new ClientError('invalid-bencode', 'a second dictionary follows the torrent’s end');
  const infoSpan = entries.find((entry) => entry.key === 'info')?.value;
  if (infoSpan === undefined) throw notTorrent('it has no info dictionary');
  if (!isDictionary(bytes, infoSpan)) throw notTorrent('info is not a dictionary');
  const info = new Map(dictionaryEntries(bytes, infoSpan.start).entries.map((entry) => [entry.key, entry.value]));
  const trackerTiers = readTrackerTiers(bytes, entries);

  const hasV1 = info.has('pieces');
  const hasV2 = info.has('file tree') && readInteger(bytes, info, 'meta version') === 2;
  if (!hasV1 && !hasV2) throw notTorrent('info has neither pieces (v1) nor a file tree of meta version 2');
  const pieceBytes = readInteger(bytes, info, 'piece length');
  if (pieceBytes === undefined || pieceBytes < 1) throw notTorrent('info has no positive piece length');
  if (hasV2) checkPieceBytesV2(pieceBytes);
  const statedName = readName(bytes, info);
  const filesV1 = hasV1 ? readFilesV1(bytes, info, statedName, pieceBytes) : undefined;
  const filesV2 = hasV2 ? readFilesV2(bytes, info.get('file tree')!) : undefined;
  if (filesV2 !== undefined) {
    const span = entries.find((entry) => entry.key === 'piece layers')?.value;
    if (layers === 'present') checkPieceLayers(bytes, span, filesV2, pieceBytes);
    if (filesV1 !== undefined) checkHybrid(filesV1, filesV2, pieceBytes);
  }
  const all = filesV2 ?? filesV1!.filter((file) => !file.padding);
  const files = all.map(({ path, bytes: size }) => ({ path, bytes: size }));
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!Number.isSafeInteger(totalBytes)) throw notTorrent('its files are impossibly large');

  const infoBytes = bytes.subarray(infoSpan.start, infoSpan.end);
  const v1 = hasV1 ? infoHashFromBytes(createHash('sha1').update(infoBytes).digest()) : undefined;
  const v2 = hasV2 ? createHash('sha256').update(infoBytes).digest() : undefined;
  const truncatedV2 = v2 === undefined ? undefined : infoHashFromBytes(v2);
  const infoHash = (v1 ?? truncatedV2)!;
  return {
    infoHash,
    hybridInfoHash: v1 === undefined ? undefined : truncatedV2,
    infoHashV2: v2?.toString('hex'),
    version: hasV1 && hasV2 ? 'hybrid' : hasV1 ? 'v1' : 'v2',
    // Clients use the hash as the name of a torrent without one.
    name: statedName === '' ? infoHash : statedName,
    totalBytes,
    pieceBytes,
    files,
    private: isPrivate(bytes, info.get('private')),
    trackerTiers,
    infoSpan,
    entries,
  };
}

/**
 * Clients ignore trailing bytes after the dictionary: a newline, the rest of a page. A second dictionary is refused,
 * because it is unclear which of the two is meant.
 */
function isTorrentAt(bytes: Uint8Array, start: number): boolean {
  if (!isDictionary(bytes, { start, end: bytes.length })) return false;
  try {
    scanValue(bytes, start);
    return true;
  } catch {
    return false;
  }
}

/** BEP 27 says 1. Clients treat every other number except 0 as private too, however large, and so does this. */
function isPrivate(bytes: Uint8Array, span: Span | undefined): boolean {
  return span !== undefined && integerAt(bytes, span) !== 0;
}

function readInteger(bytes: Uint8Array, info: ReadonlyMap<string, Span>, key: string): number | undefined {
  const span = info.get(key);
  return span === undefined ? undefined : integerAt(bytes, span);
}

/**
 * Truncated to what clients accept; empty if the torrent's name is empty. @throws ClientError `invalid-torrent` if it has none
 */
function readName(bytes: Uint8Array, info: ReadonlyMap<string, Span>): string {
  const stated = ['name.utf-8', 'name'].flatMap((key) => {
    const span = info.get(key);
    return (span === undefined ? undefined : stringAt(bytes, span)) ?? [];
  });
  if (stated.length === 0) throw notTorrent('info has no name');
  const name = stated.find((each) => each.length > 0)?.toString('utf8') ?? '';
  return cutToBytes(name, MAX_NAME_BYTES);
}

/** Ignores lists whose shape differs from BEP 12's, as clients do; rewriting replaces them anyway. */
function readTrackerTiers(bytes: Uint8Array, entries: readonly DictionaryEntry[]): string[][] {
  const announce = entries.find((entry) => entry.key === 'announce')?.value;
  const announceList = entries.find((entry) => entry.key === 'announce-list')?.value;
  const single = announce === undefined ? undefined : stringAt(bytes, announce)?.toString('utf8').trim();
  const tiers: string[][] = [];
  let count = 0;
  for (const tierSpan of itemsOf(bytes, announceList)) {
    const tier: string[] = [];
    for (const item of itemsOf(bytes, tierSpan)) {
      if (count === MAX_TRACKERS) break;
      const url = stringAt(bytes, item)?.toString('utf8').trim();
      if (url === undefined || !isAnnounceUrl(url)) continue;
      tier.push(url);
      count++;
    }
    if (tier.length > 0) tiers.push(tier);
  }
  // BEP 12: announce counts only if announce-list is empty.
  if (tiers.length === 0 && single !== undefined && isAnnounceUrl(single)) tiers.push([single]);
  return tiers;
}

function itemsOf(bytes: Uint8Array, list: Span | undefined): Span[] {
  return list !== undefined && isList(bytes, list) ? listItems(bytes, list.start) : [];
}
