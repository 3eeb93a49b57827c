/**
 * One line of a web cache's access log: which torrent was asked for, if any. Squid's native format and the common and
 * combined formats of web servers, with or without a leading virtual host. Who asked is not even read.
 */
import { parseInfoHash } from '../domain/info-hash.js';
import { looksLikeTorrentUrl, webUrl } from './link.js';

// time elapsed client code/status bytes method URL user hierarchy/peer type
const SQUID = /^\s*\d+\.\d+\s+-?\d+\s+\S+\s+\S+\/(\d{3})\s+\d+\s+([A-Z]+)\s+(\S+)\s+\S+\s+\S+\s+(\S+)/;
// [vhost[:port]] client ident user [time] "method URL HTTP/x" status bytes …
const COMMON = /^(?:(\S+) )?\S+ \S+ \S+ \[[^\]]*\] "([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?" (\d{3}) /;

/**
 * @returns the URL of a torrent file, or `urn:btih:` and 40 hex digits for an announce; undefined for any other line
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
  const infoHash = /^[^?]*\/announce[^?]*\?(?:.*&)?info_hash=([^&]*)/.exec(url)?.[1];
  if (infoHash !== undefined) return announcedTorrent(infoHash);
  if (!looksLikeTorrentUrl(url) && !type.startsWith('application/x-bittorrent')) return undefined;
  // A path without a host cannot be fetched.
  return /^https?:/i.test(url) ? webUrl(url, url) : undefined;
}

function announcedTorrent(escaped: string): string | undefined {
  const hex = escaped.replace(/%([0-9a-f]{2})|([^%])/gi, (_all, byte?: string, plain?: string) =>
    byte === undefined ? plain!.charCodeAt(0).toString(16).padStart(2, '0') : byte,
  );
  return /^[0-9a-f]{40}$/i.test(hex) ? `urn:btih:${parseInfoHash(hex)}` : undefined;
}
