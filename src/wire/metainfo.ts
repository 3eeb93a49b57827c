/**
 * Reads a torrent file (BEP 3; BEP 12 announce-list, BEP 27 private, BEP 52 version 2 and hybrid) without ever encoding
 * it again: the info-hash is that of the very bytes of the file. Rewriting is in metainfo-rewrite.ts. Pieces are not
 * checked against content, and path names are not made safe for a file system: nothing here writes files.
 */
import { createHash } from 'node:crypto';
import { ClientError } from '../domain/errors.js';
import { type InfoHash, infoHashFromBytes } from '../domain/info-hash.js';
import { isAnnounceUrl } from './metainfo-announce-url.js';
import {
  type DictionaryEntry,
  dictionaryEntries,
  integerAt,
  isDictionary,
  isList,
  listItems,
  type Span,
  stringAt,
} from './metainfo-bencode.js';
import { readFilesV1, readFilesV2, type TorrentFile } from './metainfo-files.js';
import { MAX_TORRENT_BYTES, MAX_TRACKERS } from './metainfo-limits.js';

export interface Metainfo {
  /** What the torrent is known by: SHA-1 of `info`, or for a v2-only torrent SHA-256 cut to 20 bytes. */
  readonly infoHash: InfoHash;
  /** The second hash under which clients of a hybrid torrent announce (BEP 52): SHA-256 cut to 20 bytes. */
  readonly hybridInfoHash: InfoHash | undefined;
  /** All 64 hex digits of a v2 hash, for `urn:btmh`. */
  readonly infoHashV2: string | undefined;
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceBytes: number;
  readonly files: readonly TorrentFile[];
  /** BEP 27: peers of it may come from its own tracker only. */
  readonly private: boolean;
  /** The original trackers, tier by tier: `announce-list` where there is one, else `announce`. Unusable URLs left out. */
  readonly trackerTiers: readonly (readonly string[])[];
  /** Where `info` lies in the file. */
  readonly infoSpan: Span;
  /** The top level of the file, in its order. */
  readonly entries: readonly DictionaryEntry[];
}

/**
 * @throws ClientError `bencode` where the bytes are not one bencoded dictionary, `torrent` where that is no torrent
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_TORRENT_BYTES) {
    throw notTorrent(`it has ${bytes.length} bytes, more than the ${MAX_TORRENT_BYTES} that clients accept`);
  }
  const { entries, end } = dictionaryEntries(bytes, 0);
  if (end !== bytes.length) throw new ClientError('bencode', `${bytes.length - end} bytes follow the torrent's end`);
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
  const name = readName(bytes, info);
  const filesV1 = hasV1 ? readFilesV1(bytes, info, name, pieceBytes) : undefined;
  const files = hasV2 ? readFilesV2(bytes, info.get('file tree')!) : filesV1!;
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!Number.isSafeInteger(totalBytes)) throw notTorrent('its files are impossibly large');

  const infoBytes = bytes.subarray(infoSpan.start, infoSpan.end);
  const v1 = hasV1 ? infoHashFromBytes(createHash('sha1').update(infoBytes).digest()) : undefined;
  const v2 = hasV2 ? createHash('sha256').update(infoBytes).digest() : undefined;
  const truncatedV2 = v2 === undefined ? undefined : infoHashFromBytes(v2);
  return {
    infoHash: (v1 ?? truncatedV2)!,
    hybridInfoHash: v1 === undefined ? undefined : truncatedV2,
    infoHashV2: v2?.toString('hex'),
    version: hasV1 && hasV2 ? 'hybrid' : hasV1 ? 'v1' : 'v2',
    name,
    totalBytes,
    pieceBytes,
    files,
    // BEP 27 says 1; clients take any other number but 0 for it too, and so does caution.
    private: (readInteger(bytes, info, 'private') ?? 0) !== 0,
    trackerTiers,
    infoSpan,
    entries,
  };
}

function notTorrent(why: string): ClientError {
  return new ClientError('torrent', `not a torrent: ${why}`);
}

function readInteger(bytes: Uint8Array, info: ReadonlyMap<string, Span>, key: string): number | undefined {
  const span = info.get(key);
  return span === undefined ? undefined : integerAt(bytes, span);
}

function readName(bytes: Uint8Array, info: ReadonlyMap<string, Span>): string {
  for (const key of ['name.utf-8', 'name']) {
    const span = info.get(key);
    const content = span === undefined ? undefined : stringAt(bytes, span);
    if (content !== undefined && content.length > 0) return content.toString('utf8');
  }
  throw notTorrent('info has no name');
}

function readTrackerTiers(bytes: Uint8Array, entries: readonly DictionaryEntry[]): string[][] {
  const announce = entries.find((entry) => entry.key === 'announce')?.value;
  const announceList = entries.find((entry) => entry.key === 'announce-list')?.value;
  const single = announce === undefined ? undefined : stringAt(bytes, announce)?.toString('utf8');
  if (announce !== undefined && single === undefined) throw notTorrent('announce is not a string');
  const tiers: string[][] = [];
  if (announceList !== undefined) {
    if (!isList(bytes, announceList)) throw notTorrent('announce-list is not a list');
    let count = 0;
    for (const tierSpan of listItems(bytes, announceList.start)) {
      if (!isList(bytes, tierSpan)) throw notTorrent('a tier of announce-list is not a list');
      const tier: string[] = [];
      for (const item of listItems(bytes, tierSpan.start)) {
        const url = stringAt(bytes, item)?.toString('utf8').trim();
        if (url === undefined) throw notTorrent('an entry of announce-list is not a string');
        if (isAnnounceUrl(url) && count++ < MAX_TRACKERS) tier.push(url);
      }
      if (tier.length > 0) tiers.push(tier);
    }
  }
  // BEP 12: announce counts only where announce-list says nothing.
  if (tiers.length === 0 && single !== undefined && isAnnounceUrl(single.trim())) tiers.push([single.trim()]);
  return tiers;
}
