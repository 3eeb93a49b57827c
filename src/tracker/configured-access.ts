/** The torrents that the tracker serves: all, those of the catalogue or those of a file, without those of the deny list. */
import { readFileSync } from 'node:fs';
import { FilesError, messageOf } from '../domain/errors.js';
import { INFO_HASH_BYTES, type InfoHash, infoHashToBytes, parseInfoHash } from '../domain/info-hash.js';
import type { AccessListData } from './access-list.js';
import type { TrackerSection } from './section.js';

/** The torrents that the configuration lists. They hold for the crawler and the mirror site, too. */
export interface TorrentLists {
  readonly denied: ReadonlySet<InfoHash>;
  /** Undefined if the tracker serves all torrents, or those of the catalogue. */
  readonly allowed: ReadonlySet<InfoHash> | undefined;
}

/** @throws OperatorError that names the file and the line that cannot be used */
export function torrentListsOf({ denyList, torrents }: TrackerSection): TorrentLists {
  return {
    denied: new Set(denyList.torrents === undefined ? [] : readInfoHashes(denyList.torrents)),
    allowed: 'file' in torrents ? new Set(readInfoHashes(torrents.file)) : undefined,
  };
}

/**
 * @param catalogue the info-hashes of the catalogue; called only if the configuration lists no other
 * @param deniedByHand beside those of the configuration
 */
export function accessListOf(
  { torrents }: TrackerSection,
  { denied, allowed }: TorrentLists,
  catalogue: () => readonly InfoHash[],
  deniedByHand: readonly InfoHash[] = [],
): AccessListData {
  const deniedHashes = hashBytes([...new Set([...denied, ...deniedByHand])]);
  if (torrents.mode === 'open') return { mode: 'open', hashes: new Uint8Array(0), deniedHashes };
  return { mode: torrents.mode, hashes: hashBytes(allowed === undefined ? catalogue() : [...allowed]), deniedHashes };
}

/** One info-hash in hexadecimal on a line. Empty lines and comments after a `#` are ignored. */
function readInfoHashes(file: string): InfoHash[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const message = `cannot read the list of info-hashes ${file}: ${messageOf(thrown)}`;
    throw new FilesError([{ file, message }], { cause: thrown });
  }
  return text.split('\n').flatMap((line, i) => {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') return [];
    try {
      return [parseInfoHash(entry)];
    } catch (thrown) {
      throw new FilesError([{ file, message: `${file}:${i + 1}: ${messageOf(thrown)}` }]);
    }
  });
}

/** 20 bytes for each hash, concatenated. */
export function hashBytes(infoHashes: readonly InfoHash[]): Uint8Array {
  const bytes = new Uint8Array(infoHashes.length * INFO_HASH_BYTES);
  infoHashes.forEach((infoHash, i) => {
    bytes.set(infoHashToBytes(infoHash), i * INFO_HASH_BYTES);
  });
  return bytes;
}
