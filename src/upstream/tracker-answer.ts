/**
 * Reads a tracker's HTTP answer (BEP 3, 7, 23, 31 and 48) from untrusted bytes. A value of an unexpected type counts as
 * absent. The bencode must be strict, which real trackers write.
 */
import { ClientError } from '../domain/errors.js';
import { INFO_HASH_BYTES, type InfoHash, infoHashFromBytes } from '../domain/info-hash.js';
import { type IpAddress, ipv4FromWord, ipv6FromWords, parseIp } from '../domain/ip-address.js';
import {
  dictionaryEntries,
  integerAt,
  isDictionary,
  isList,
  listItems,
  type Span,
  stringAt,
} from '../wire/metainfo-bencode.js';
import { decodeCompactPeers } from './compact-peers.js';
import { MAX_PEERS_PER_ANSWER, RETRY_NEVER_SECONDS } from './limits.js';
import { type AnnounceReply, type ForeignPeer, type ScrapeCounts, TrackerRefusal } from './tracker-contact.js';

/** @throws TrackerRefusal for a failure reason; ClientError `invalid-bencode` or `invalid-answer` for anything else but an answer */
export function readAnnounceReply(bytes: Uint8Array): AnnounceReply {
  const fields = readTopLevel(bytes);
  const peers4 = fields.get('peers');
  const peers6 = fields.get('peers6');
  return {
    intervalSeconds: positive(bytes, fields.get('interval')),
    minIntervalSeconds: positive(bytes, fields.get('min interval')),
    peers: [...readPeers(bytes, peers4, 4), ...readPeers(bytes, peers6, 6)].slice(0, MAX_PEERS_PER_ANSWER),
    ourAddresses: readExternalIp(bytes, fields.get('external ip')),
  };
}

/** @throws as {@link readAnnounceReply} */
export function readScrapeReply(bytes: Uint8Array): Map<InfoHash, ScrapeCounts> {
  const files = readTopLevel(bytes).get('files');
  if (files === undefined || !isDictionary(bytes, files)) {
    throw new ClientError('invalid-answer', 'a scrape without files');
  }
  const counts = new Map<InfoHash, ScrapeCounts>();
  for (const { key, value } of dictionaryEntries(bytes, files.start).entries) {
    const infoHash = infoHashOfKey(key);
    if (infoHash === undefined || !isDictionary(bytes, value)) continue;
    const file = spansByKey(bytes, value);
    const seeders = count(bytes, file.get('complete'));
    const leechers = count(bytes, file.get('incomplete'));
    if (seeders === undefined || leechers === undefined) continue;
    counts.set(infoHash, { seeders, leechers, completed: count(bytes, file.get('downloaded')) });
  }
  return counts;
}

/** The 20 bytes, or each byte as a character in UTF-8, which bittorrent-tracker's server writes. */
function infoHashOfKey(key: string): InfoHash | undefined {
  const bytes = Buffer.from(key, 'latin1');
  if (bytes.length === INFO_HASH_BYTES) return infoHashFromBytes(bytes);
  const characters = bytes.toString('utf8');
  return characters.length === INFO_HASH_BYTES ? infoHashFromBytes(Buffer.from(characters, 'latin1')) : undefined;
}

/** BEP 24: 4 or 16 bytes. */
function readExternalIp(bytes: Uint8Array, span: Span | undefined): IpAddress[] {
  const raw = span && stringAt(bytes, span);
  if (raw?.length === 4) return [ipv4FromWord(raw.readUInt32BE(0))];
  if (raw?.length !== 16) return [];
  return [ipv6FromWords(raw.readUInt32BE(0), raw.readUInt32BE(4), raw.readUInt32BE(8), raw.readUInt32BE(12))];
}

function readTopLevel(bytes: Uint8Array): Map<string, Span> {
  const fields = spansByKey(bytes, { start: 0, end: bytes.length });
  const failure = fields.get('failure reason');
  if (failure !== undefined) {
    const reason = stringAt(bytes, failure)?.toString('utf8').slice(0, 200) || 'refused without a reason';
    throw new TrackerRefusal(reason, retrySeconds(bytes, fields.get('retry in')));
  }
  return fields;
}

function spansByKey(bytes: Uint8Array, dictionary: Span): Map<string, Span> {
  return new Map(dictionaryEntries(bytes, dictionary.start).entries.map(({ key, value }) => [key, value]));
}

/** BEP 31: minutes, or "never". */
function retrySeconds(bytes: Uint8Array, span: Span | undefined): number | undefined {
  if (span === undefined) return undefined;
  const text = stringAt(bytes, span)?.toString('latin1');
  if (text === 'never') return RETRY_NEVER_SECONDS;
  const minutes = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : count(bytes, span);
  // Zero minutes, as a number or as text, count as absent.
  return minutes === undefined || minutes === 0 ? undefined : Math.min(RETRY_NEVER_SECONDS, minutes * 60);
}

function positive(bytes: Uint8Array, span: Span | undefined): number | undefined {
  const number = count(bytes, span);
  return number === 0 ? undefined : number;
}

function count(bytes: Uint8Array, span: Span | undefined): number | undefined {
  const number = span === undefined ? undefined : integerAt(bytes, span);
  return number !== undefined && number >= 0 ? number : undefined;
}

function readPeers(bytes: Uint8Array, span: Span | undefined, family: 4 | 6): ForeignPeer[] {
  if (span === undefined) return [];
  const compact = stringAt(bytes, span);
  if (compact !== undefined) return decodeCompactPeers(compact, family);
  if (!isList(bytes, span)) return [];
  const items = listItems(bytes, span.start).slice(0, MAX_PEERS_PER_ANSWER);
  return items.map((item) => readPeer(bytes, item)).filter((peer) => peer !== undefined);
}

function readPeer(bytes: Uint8Array, item: Span): ForeignPeer | undefined {
  if (!isDictionary(bytes, item)) return undefined;
  const fields = spansByKey(bytes, item);
  const ip = fields.get('ip');
  const port = count(bytes, fields.get('port'));
  const text = ip && stringAt(bytes, ip)?.toString('latin1');
  if (text === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
  try {
    return { address: parseIp(text.replace(/^\[|\]$/g, '')), port, seed: false };
  } catch {
    return undefined; // BEP 3 allows a host name here; names that strangers choose are not resolved
  }
}
