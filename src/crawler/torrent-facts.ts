/**
 * What the catalogue stores of a torrent file. Only the beginning of a long file list is stored, because pages and
 * searches show no more. Private torrents are skipped (BEP 27).
 */
import type { InfoHash } from '../domain/info-hash.js';
import { type TorrentKind, torrentKind } from '../domain/torrent-kind.js';
import { type Metainfo, parseMetainfo } from '../wire/metainfo.js';
import type { TorrentFile } from '../wire/metainfo-files.js';
import { privateTorrent, untrackedLength } from '../wire/metainfo-rewrite.js';
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
  readonly kind: TorrentKind;
  /** See {@link untrackedLength}. */
  readonly untrackedBytes: number;
}

/** @throws ClientError `invalid-bencode`, `invalid-torrent`, `private-torrent` */
export function readTorrent(bytes: Uint8Array): TorrentFacts {
  return factsOf(parseMetainfo(bytes));
}

/**
 * A torrent file that was made of the description that peers send. `lacksLayers`: it is of version 2, and clients refuse it
 * without its piece layers (BEP 52). @throws as {@link readTorrent}
 */
export function readDescription(bytes: Uint8Array): TorrentFacts & { readonly lacksLayers: boolean } {
  const metainfo = parseMetainfo(bytes, 'absent');
  const { infoHashV2, files, pieceBytes } = metainfo;
  const lacksLayers = infoHashV2 !== undefined && files.some((file) => file.bytes > pieceBytes);
  return { ...factsOf(metainfo), lacksLayers };
}

function factsOf(metainfo: Metainfo): TorrentFacts {
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
    kind: torrentKind(name, files),
    untrackedBytes: untrackedLength(metainfo),
  };
}
