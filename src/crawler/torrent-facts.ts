/** What the catalogue keeps of a torrent file. Private torrents are not taken (BEP 27). */
import type { InfoHash } from '../domain/info-hash.js';
import { parseMetainfo } from '../wire/metainfo.js';
import type { TorrentFile } from '../wire/metainfo-files.js';
import { privateTorrent } from '../wire/metainfo-rewrite.js';

export interface TorrentFacts {
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  readonly infoHashV2: string | undefined;
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceBytes: number;
  readonly files: readonly TorrentFile[];
  readonly trackerTiers: readonly (readonly string[])[];
}

/** @throws ClientError `bencode`, `torrent`, `private-torrent` */
export function readTorrent(bytes: Uint8Array): TorrentFacts {
  const metainfo = parseMetainfo(bytes);
  if (metainfo.private) throw privateTorrent(metainfo.name);
  const { infoHash, hybridInfoHash, infoHashV2, name, totalBytes, pieceBytes, files, trackerTiers } = metainfo;
  return { infoHash, hybridInfoHash, infoHashV2, name, totalBytes, pieceBytes, files, trackerTiers };
}
