/**
 * Rewrites a torrent file that passes, whatever its address: forums make one for each member, and name it as they like.
 * The whole file is needed first, so its size is limited. What is not a torrent, or must not change, keeps its bytes.
 */
import { ClientError } from '../../../domain/errors.js';
import type { InfoHash } from '../../../domain/info-hash.js';
import { type Metainfo, parseMetainfo } from '../../../wire/metainfo.js';
import { type RewriteOptions, rewriteParsed } from '../../../wire/metainfo-rewrite.js';
import { MAX_INLINE_BYTES, type Rewrite } from '../../rewritten-torrents.js';

export type PassedTorrent =
  /** `reason`: for the metrics. */
  | { readonly kind: 'unchanged'; readonly reason: UnchangedReason }
  | { readonly kind: 'rewritten'; readonly bytes: Uint8Array }
  /** The operator does not publish it. `why`: the end of "It is not published:". */
  | { readonly kind: 'refused'; readonly why: string };

export type UnchangedReason = 'not-torrent' | 'private' | 'not-served' | 'busy';

export interface TorrentRules extends RewriteOptions {
  /** For files above {@link MAX_INLINE_BYTES}: outside of this thread. */
  readonly rewrite: Rewrite;
  readonly refusal: (infoHash: InfoHash) => string | undefined;
  /** Told of each private torrent that passes (BEP 27). */
  readonly onPrivate?: ((infoHash: InfoHash) => void) | undefined;
  /** False for a torrent whose peers the alias tracker could not offer. */
  readonly mayRewrite: (
    torrent: Pick<Metainfo, 'infoHash' | 'hybridInfoHash'> & { trackers: readonly string[] },
  ) => boolean;
}

/** `d`, and the length of the first key: HTML, images and archives begin otherwise. */
export function beginsAsTorrent(bytes: Uint8Array): boolean {
  return bytes[0] === 0x64 && bytes[1]! >= 0x30 && bytes[1]! <= 0x39;
}

/** @param bytes the whole answer */
export async function passTorrent(bytes: Buffer, rules: TorrentRules): Promise<PassedTorrent> {
  const metainfo = readTorrent(bytes);
  if (metainfo === undefined) return { kind: 'unchanged', reason: 'not-torrent' };
  const { infoHash, name } = metainfo;
  const why = rules.refusal(infoHash);
  if (why !== undefined) return { kind: 'refused', why };
  // BEP 27: its peers must come from its own tracker.
  if (metainfo.private) {
    for (const hash of [infoHash, metainfo.hybridInfoHash]) if (hash !== undefined) rules.onPrivate?.(hash);
    return { kind: 'unchanged', reason: 'private' };
  }
  const trackers = metainfo.trackerTiers.flat();
  if (!rules.mayRewrite({ ...metainfo, trackers })) return { kind: 'unchanged', reason: 'not-served' };
  if (bytes.length <= MAX_INLINE_BYTES) return { kind: 'rewritten', bytes: rewriteParsed(bytes, metainfo, rules) };
  const { announceUrls, keepOriginal = false } = rules;
  try {
    const about = `the torrent ${infoHash} ("${name.slice(0, 100)}")`;
    return { kind: 'rewritten', bytes: await rules.rewrite(bytes, { announceUrls, keepOriginal }, about) };
  } catch (thrown) {
    if (thrown instanceof ClientError) return { kind: 'unchanged', reason: 'busy' };
    throw thrown;
  }
}

function readTorrent(bytes: Buffer): Metainfo | undefined {
  try {
    return parseMetainfo(bytes);
  } catch (thrown) {
    if (thrown instanceof ClientError) return undefined;
    throw thrown;
  }
}
