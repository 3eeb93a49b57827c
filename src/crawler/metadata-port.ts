/**
 * How a crawl describes a torrent of which it knows only the info-hash: somebody else fetches the `info` dictionary from
 * the peers of the swarm (BEP 9). `src/app` connects it. Without it, such a torrent is skipped.
 */
import type { InfoHash } from '../domain/info-hash.js';

/**
 * @returns the bytes of the `info` dictionary, undefined if no peer has them. The crawl checks them against the info-hash
 * @throws the signal's reason if it is aborted; any other error is reported as the reason why the torrent is missing
 */
export type FetchMetadata = (infoHash: InfoHash, signal: AbortSignal | undefined) => Promise<Uint8Array | undefined>;

const BEFORE_INFO = Buffer.from('d4:info');
const END = Buffer.from('e');

/** A torrent file of this `info` dictionary alone, with its bytes unchanged. */
export function torrentOfMetadata(info: Uint8Array): Uint8Array {
  return Buffer.concat([BEFORE_INFO, info, END]);
}
