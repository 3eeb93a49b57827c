/**
 * What the catalogue stores of a torrent file. Only the beginning of a long file list is stored, because pages and
 * searches show no more. Private torrents are skipped (BEP 27).
 */
import type { InfoHash } from '../domain/info-hash.js';
import { parseMetainfo } from '../wire/metainfo.js';
import type { TorrentFile } from '../wire/metainfo-files.js';
import { privateTorrent } from '../wire/metainfo-rewrite.js';
import { MAX_LISTED_FILES } from './limits.js';

export interface TorrentFacts {
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  readonly infoHashV2: string | undefined;
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceBytes: number;
  /** The first files; {@link fileCount} counts all. */
  readonly files: readonly TorrentFile[];
  readonly fileCount: number;
  readonly trackerTiers: readonly (readonly string[])[];
}

/** @throws ClientError `invalid-bencode`, `invalid-torrent`, `private-torrent` */
export function readTorrent(bytes: Uint8Array): TorrentFacts {
  const metainfo = parseMetainfo(bytes);
  if (metainfo.private) throw privateTorrent(metainfo.name);
  const { infoHash, hybridInfoHash, infoHashV2, name, totalBytes, pieceBytes, files, trackerTiers } = metainfo;
  return {
    infoHash,
    hybridInfoHash,
    infoHashV2,
    name,
    totalBytes,
    pieceBytes,
    files: files.slice(0, MAX_LISTED_FILES),
    fileCount: files.length,
    trackerTiers,
  };
}
