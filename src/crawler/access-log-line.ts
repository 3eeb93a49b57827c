/**
 * Parses a line of a web cache's access log and finds the torrent that it requests, if any. Reads Squid's native format
 * and the common and combined formats of web servers, with or without a leading virtual host. The client is not read.
 */
import { parseInfoHash } from '../domain/info-hash.js';
import { MAX_LOG_LINE_BYTES } from './limits.js';
import { looksLikeTorrentUrl, webUrl } from './link.js';

const NEWLINE = 0x0a;
// time elapsed client code/status bytes method URL user hierarchy/peer type
const SQUID = /^\s*\d+\.\d+\s+-?\d+\s+\S+\s+\S+\/(\d{3})\s+\d+\s+([A-Z]+)\s+(\S+)\s+\S+\s+\S+\s+(\S+)/;
// [vhost[:port]] client ident user [time] "method URL HTTP/x" status bytes …
const COMMON = /^(?:(\S+) )?\S+ \S+ \S+ \[[^\]]*\] "([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?" (\d{3}) /;

/** Counts the requests for each torrent in these lines. @param bytes complete lines */
export function countTorrents(bytes: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>();
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  for (let end = lines.indexOf(NEWLINE); end >= 0; end = lines.indexOf(NEWLINE, start)) {
    const line = end - start > MAX_LOG_LINE_BYTES ? '' : lines.toString('latin1', start, end);
    const target = torrentOfLogLine(line);
    if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + 1);
    start = end + 1;
  }
  return counts;
}

/**
 * @returns the URL of a torrent file, or `urn:btih:` and 40 hex digits for an announce; undefined for other lines
 */
export function torrentOfLogLine(line: string): string | undefined {
  const squid = SQUID.exec(line);
  if (squid !== null) return target(squid[2]!, squid[3]!, squid[1]!, squid[4]!);
  const common = COMMON.exec(line);
  if (common === null) return undefined;
  const [, virtualHost, method, url, status] = common;
  const absolute = url!.startsWith('/') && virtualHost !== undefined ? `http://${virtualHost}${url}` : url!;
  return target(method!, absolute, status!, '');
}

function target(method: string, url: string, status: string, type: string): string | undefined {
  const served = status === '200' || status === '206' || status === '304';
  if (method !== 'GET' || !served) return undefined;
  const infoHash = announcedInfoHash(url);
  if (infoHash !== undefined) return announcedTorrent(infoHash);
  if (!looksLikeTorrentUrl(url) && !type.startsWith('application/x-bittorrent')) return undefined;
  // A path without a host cannot be fetched.
  return /^https?:/i.test(url) ? webUrl(url, url) : undefined;
}

/** The first `info_hash` of an announce, as written in the URL. */
function announcedInfoHash(url: string): string | undefined {
  const query = url.indexOf('?');
  if (query < 0 || !url.slice(0, query).includes('/announce')) return undefined;
  const start = /[?&]info_hash=/.exec(url.slice(query));
  if (start === null) return undefined;
  return url.slice(query + start.index + start[0].length).split('&', 1)[0];
}

function announcedTorrent(escaped: string): string | undefined {
  const hex = escaped.replace(/%([0-9a-f]{2})|([^%])/gi, (_all, byte?: string, plain?: string) =>
    byte === undefined ? plain!.charCodeAt(0).toString(16).padStart(2, '0') : byte,
  );
  return /^[0-9a-f]{40}$/i.test(hex) ? `urn:btih:${parseInfoHash(hex)}` : undefined;
}
