/** The torrents that the tracker serves: all, those of the catalogue or those of a file, without those of the deny list. */
import { readFileSync } from 'node:fs';
import { FilesError, messageOf } from '../domain/errors.js';
import { INFO_HASH_BYTES, type InfoHash, infoHashToBytes, parseInfoHash } from '../domain/info-hash.js';
import type { AccessListData } from './access-list.js';
import type { TrackerSection } from './section.js';

/**
 * @param catalogue the info-hashes of the catalogue; called only if the configuration lists no other
 * @throws OperatorError that names the file and the line that cannot be used
 */
export function accessListOf(tracker: TrackerSection, catalogue: () => readonly InfoHash[]): AccessListData {
  const denied = tracker.denyList.torrents === undefined ? [] : readInfoHashes(tracker.denyList.torrents);
  const { torrents } = tracker;
  if (torrents.mode === 'open') return { mode: 'open', hashes: new Uint8Array(0), deniedHashes: hashBytes(denied) };
  const listed = 'file' in torrents ? readInfoHashes(torrents.file) : catalogue();
  return { mode: torrents.mode, hashes: hashBytes(listed), deniedHashes: hashBytes(denied) };
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
