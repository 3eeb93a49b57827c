/** Rewrites a torrent and reads the result as a client would, to prove that only its trackers changed. */
import type { InfoHash } from '../domain/info-hash.js';
import { parseMetainfo } from './metainfo.js';
import { type RewriteOptions, rewriteParsed } from './metainfo-rewrite.js';

export interface ProvenRewriting {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  /** Size of `info`, which is identical before and after. */
  readonly infoBytes: number;
  readonly trackersBefore: readonly string[];
  readonly trackersAfter: readonly string[];
}

/** @throws ClientError as {@link rewriteParsed}; Error if the proof fails, which is a defect */
export function rewriteWithProof(original: Uint8Array, options: RewriteOptions): ProvenRewriting {
  const before = parseMetainfo(original);
  const bytes = rewriteParsed(original, before, options);
  const after = parseMetainfo(bytes);
  const infoBefore = original.subarray(before.infoSpan.start, before.infoSpan.end);
  const infoAfter = bytes.subarray(after.infoSpan.start, after.infoSpan.end);
  if (Buffer.compare(infoBefore, infoAfter) !== 0 || before.infoHash !== after.infoHash) {
    throw new Error('the rewritten torrent has another info-hash, so it was not written; please report this');
  }
  const { name, infoHash, hybridInfoHash } = before;
  return {
    bytes,
    name,
    infoHash,
    hybridInfoHash,
    infoBytes: infoBefore.length,
    trackersBefore: before.trackerTiers.flat(),
    trackersAfter: after.trackerTiers.flat(),
  };
}
