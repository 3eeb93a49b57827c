/**
 * Magnet links (BEP 9; `urn:btmh` of BEP 52): reads one, replaces its trackers, makes one for a torrent. Only the `tr`
 * parameters change. All others keep their text and order, except that upper-case keys and HTML's `&amp;` are
 * normalised.
 */
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError } from '../domain/errors.js';
import { type InfoHash, infoHashFromBytes, parseInfoHash } from '../domain/info-hash.js';
import { isAnnounceUrl } from './metainfo-announce-url.js';
import { MAX_MAGNET_CHARACTERS, MAX_NAME_BYTES, MAX_TRACKERS } from './metainfo-limits.js';
import { announceTiers, type RewriteOptions } from './metainfo-rewrite.js';

export interface Magnet {
  /** `urn:btih`, or `urn:btmh` truncated to 20 bytes if there is no other. */
  readonly infoHash: InfoHash;
  /** The second hash of a hybrid torrent: `urn:btmh` truncated to 20 bytes. */
  readonly hybridInfoHash: InfoHash | undefined;
  /** All 64 hex digits of `urn:btmh`. */
  readonly infoHashV2: string | undefined;
  readonly name: string | undefined;
  /** `xl`, in bytes. */
  readonly totalBytes: number | undefined;
  readonly trackers: readonly string[];
}

const KNOWN_PARAMETER = /^(tr|dn|xt|xl)(\.\d+)?$/i;
const TRACKER_PARAMETER = /^tr(\.\d+)?$/;
const NAME_PARAMETER = /^dn(\.\d+)?$/;
const TOPIC_PARAMETER = /^xt(\.\d+)?$/;

/** @throws ClientError `invalid-value` */
export function parseMagnet(text: string): Magnet {
  const parameters = magnetParameters(text);
  let v1: InfoHash | undefined;
  let v2: string | undefined;
  const trackers = new Set<string>();
  let name: string | undefined;
  let totalBytes: number | undefined;
  for (const { key, value } of parameters) {
    if (TOPIC_PARAMETER.test(key)) {
      if (/^urn:btih:/i.test(value)) v1 ??= parseBtih(value.slice(9));
      // 12 20 is the multihash prefix of a SHA-256 of 32 bytes.
      else if (/^urn:btmh:1220[0-9a-f]{64}$/i.test(value)) v2 ??= value.slice(13).toLowerCase();
    } else if (TRACKER_PARAMETER.test(key)) {
      if (isAnnounceUrl(value) && trackers.size < MAX_TRACKERS) trackers.add(value);
    } else if (NAME_PARAMETER.test(key)) {
      name ??= value === '' ? undefined : cutToBytes(value, MAX_NAME_BYTES);
    } else if (key === 'xl' && /^\d{1,15}$/.test(value)) {
      totalBytes ??= Number(value);
    }
  }
  const truncatedV2 = v2 === undefined ? undefined : parseInfoHash(v2.slice(0, 40));
  const infoHash = v1 ?? truncatedV2;
  if (infoHash === undefined) throw new ClientError('invalid-value', 'the magnet link has no BitTorrent info-hash');
  return {
    infoHash,
    hybridInfoHash: v1 === undefined ? undefined : truncatedV2,
    infoHashV2: v2,
    name,
    totalBytes,
    trackers: [...trackers],
  };
}

/** @throws ClientError `invalid-value` */
export function rewriteMagnet(text: string, options: Pick<RewriteOptions, 'announceUrls' | 'keepOriginal'>): string {
  const magnet = parseMagnet(text);
  const kept = magnetParameters(text)
    .filter(({ key }) => !TRACKER_PARAMETER.test(key))
    .map(({ raw }) => raw);
  const urls = announceTiers(
    options,
    magnet.trackers.map((url) => [url]),
  ).flat();
  return `magnet:?${[...kept, ...urls.map((url) => `tr=${encodeURIComponent(url)}`)].join('&')}`;
}

/** The magnet link of a torrent. @param infoHashV2 64 hex digits */
export function magnetFor(torrent: {
  readonly infoHash: InfoHash;
  readonly infoHashV2?: string | undefined;
  readonly name: string;
  readonly totalBytes?: number | undefined;
  readonly announceUrls: readonly string[];
}): string {
  const topics: string[] = [];
  const v2Only = torrent.infoHashV2?.startsWith(torrent.infoHash) ?? false;
  if (!v2Only) topics.push(`xt=urn:btih:${torrent.infoHash}`);
  if (torrent.infoHashV2 !== undefined) topics.push(`xt=urn:btmh:1220${torrent.infoHashV2}`);
  const size = torrent.totalBytes === undefined ? [] : [`xl=${torrent.totalBytes}`];
  const trackers = torrent.announceUrls.map((url) => `tr=${encodeURIComponent(url)}`);
  return `magnet:?${[...topics, `dn=${encodeURIComponent(torrent.name)}`, ...size, ...trackers].join('&')}`;
}

interface Parameter {
  readonly key: string;
  readonly value: string;
  /** As written in the link. */
  readonly raw: string;
}

function magnetParameters(text: string): Parameter[] {
  if (text.length > MAX_MAGNET_CHARACTERS) throw new ClientError('invalid-value', 'the magnet link is too long');
  if (!/^magnet:\?/i.test(text)) throw new ClientError('invalid-value', 'a magnet link begins with "magnet:?"');
  return text
    .slice('magnet:?'.length)
    .split('&')
    .filter((raw) => raw !== '')
    .map((text) => {
      // The link was escaped for HTML once too often: `&amp;dn=…`.
      const raw = text.replace(/^amp;/, '');
      const equals = raw.indexOf('=');
      const stated = equals < 0 ? raw : raw.slice(0, equals);
      // Some clients recognise these keys in lower case only.
      const key = KNOWN_PARAMETER.test(stated) ? stated.toLowerCase() : stated;
      return { key, value: decode(equals < 0 ? '' : raw.slice(equals + 1)), raw: key + raw.slice(stated.length) };
    });
}

/**
 * People and old programs write names. An invalid escape stays as it is; bytes that are not UTF-8 become U+FFFD, as in
 * clients.
 */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
  }
}

function parseBtih(text: string): InfoHash {
  if (/^[a-z2-7]{32}$/i.test(text)) return infoHashFromBytes(decodeBase32(text.toUpperCase()));
  if (/^[0-9a-f]{40}$/i.test(text)) return parseInfoHash(text);
  throw new ClientError('invalid-value', 'the info-hash of the magnet link is neither 40 hex digits nor 32 of base32');
}

/** RFC 4648 section 6, without padding. */
function decodeBase32(text: string): Uint8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bytes: number[] = [];
  let bits = 0;
  let word = 0;
  for (const character of text) {
    word = ((word << 5) | alphabet.indexOf(character)) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((word >>> bits) & 0xff);
    }
  }
  return Uint8Array.from(bytes);
}
