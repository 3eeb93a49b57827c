/**
 * Replaces the trackers in a torrent file (draft 4.2: "change the original tracker address to the address of the alias
 * tracker"). Every other key keeps its bytes, most importantly `info`. Keys are written sorted, as BEP 3 demands. A
 * private torrent is refused (BEP 27): its peers must come from its own tracker.
 */
import { ClientError } from '../domain/errors.js';
import { type Metainfo, parseMetainfo } from './metainfo.js';
import { parseAnnounceUrl } from './metainfo-announce-url.js';
import { encodeList, encodeString } from './metainfo-bencode.js';

export interface RewriteOptions {
  /** At least one. They form one tier, so that a client announces to one of them and falls back to the others. */
  readonly announceUrls: readonly string[];
  /** Keeps the original trackers in later tiers, as a fallback if the alias tracker does not answer (BEP 12). */
  readonly keepOriginal?: boolean;
  /** Top-level keys to leave out, for example `comment`; never `info`. */
  readonly dropKeys?: readonly string[];
}

/**
 * @returns the bytes of the new torrent file; its info-hash is unchanged
 * @throws ClientError `invalid-bencode`, `invalid-torrent`, `invalid-value`, `private-torrent`
 */
export function rewriteTorrent(bytes: Uint8Array, options: RewriteOptions): Uint8Array {
  return rewriteParsed(bytes, parseMetainfo(bytes), options);
}

/** @param metainfo of these bytes; otherwise as {@link rewriteTorrent} */
export function rewriteParsed(bytes: Uint8Array, metainfo: Metainfo, options: RewriteOptions): Uint8Array {
  if (metainfo.private) throw privateTorrent(metainfo.name);
  const tiers = announceTiers(options, metainfo.trackerTiers);
  const parts = new Map<string, Uint8Array>(announceEntries(tiers));
  for (const { key, keyStart, value } of metainfo.entries) {
    if (TRACKER_KEYS.has(key) || (key !== 'info' && options.dropKeys?.includes(key))) continue;
    parts.set(key, bytes.subarray(keyStart, value.end));
  }
  // Keys hold one Latin-1 character per byte, so this is BEP 3's order of raw strings.
  const sorted = [...parts.keys()].sort((a, b) => (a < b ? -1 : 1));
  return Buffer.concat([Buffer.from('d'), ...sorted.map((key) => parts.get(key)!), Buffer.from('e')]);
}

const TRACKER_KEYS: ReadonlySet<string> = new Set(['announce', 'announce-list']);

/** A single tracker needs no announce-list; with more, BEP 12 makes the list take precedence. */
function announceEntries(tiers: readonly (readonly string[])[]): [string, Uint8Array][] {
  const announce = Buffer.concat([encodeString('announce'), encodeString(tiers[0]![0]!)]);
  if (tiers.flat().length === 1) return [['announce', announce]];
  const list = encodeList(tiers.map((tier) => encodeList(tier.map((url) => encodeString(url)))));
  return [
    ['announce', announce],
    ['announce-list', Buffer.concat([encodeString('announce-list'), list])],
  ];
}

/** Of the file without its announce keys, in bytes: what {@link rewrittenLength} adds to. */
export function untrackedLength(metainfo: Pick<Metainfo, 'entries'>): number {
  return metainfo.entries
    .filter(({ key }) => !TRACKER_KEYS.has(key))
    .reduce((sum, { keyStart, value }) => sum + value.end - keyStart, 'de'.length);
}

/**
 * The length of what {@link rewriteTorrent} makes without `dropKeys`, in bytes, without making it.
 * @param untracked see {@link untrackedLength} @param originalTiers of the file; unused unless they are kept
 * @throws ClientError `invalid-value`
 */
export function rewrittenLength(
  untracked: number,
  options: Pick<RewriteOptions, 'announceUrls' | 'keepOriginal'>,
  originalTiers: readonly (readonly string[])[],
): number {
  const entries = announceEntries(announceTiers(options, originalTiers));
  return entries.reduce((sum, [, { length }]) => sum + length, untracked);
}

export function privateTorrent(name: string): ClientError {
  return new ClientError(
    'private-torrent',
    `"${name.slice(0, 100)}" is a private torrent (BEP 27): its peers must come from its own tracker`,
  );
}

/** The tiers of the result: the new trackers first, each URL once. @throws ClientError `invalid-value` */
export function announceTiers(
  options: Pick<RewriteOptions, 'announceUrls' | 'keepOriginal'>,
  originalTiers: readonly (readonly string[])[],
): string[][] {
  const seen = new Set(options.announceUrls.map(parseAnnounceUrl));
  if (seen.size === 0) throw new ClientError('invalid-value', 'at least one announce URL is needed');
  const tiers = [[...seen]];
  for (const original of options.keepOriginal ? originalTiers : []) {
    const tier = original.filter((url) => !seen.has(url));
    for (const url of tier) seen.add(url);
    if (tier.length > 0) tiers.push([...new Set(tier)]);
  }
  return tiers;
}
