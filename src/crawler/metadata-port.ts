/**
 * How a crawl describes a torrent of which it knows only the info-hash: somebody else fetches the `info` dictionary from
 * the peers of the swarm (BEP 9). `src/app` connects it. Without it, such a torrent is skipped.
 */
import type { InfoHash } from '../domain/info-hash.js';
import { encodeList, encodeString } from '../wire/metainfo-bencode.js';

/**
 * @returns the bytes of the `info` dictionary, undefined if no peer has them. The crawl checks them against the info-hash
 * @throws the signal's reason if it is aborted; any other error is reported as the reason why the torrent is missing
 */
export type FetchMetadata = (infoHash: InfoHash, signal: AbortSignal | undefined) => Promise<Uint8Array | undefined>;

/** A torrent file of this `info` dictionary, with its bytes unchanged. @param trackers its original ones, if they are known */
export function torrentOfMetadata(info: Uint8Array, trackers: readonly string[] = []): Uint8Array {
  const tiers = encodeList(trackers.map((url) => encodeList([encodeString(url)])));
  const list = trackers.length === 0 ? [] : [encodeString('announce-list'), tiers];
  return Buffer.concat([Buffer.from('d'), ...list, encodeString('info'), info, Buffer.from('e')]);
}
