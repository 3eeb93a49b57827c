/** Counts the requests for each torrent in lines of an access log, by the day of the line. */
import { parseInfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import { MAX_LOG_LINE_BYTES, MAX_LOG_URLS_PER_CHUNK } from '../limits.js';
import { looksLikeTorrentUrl, webUrl } from '../link.js';
import type { JsonLogFields } from './json-line.js';
import { type LogFormat, parseLogLine } from './log-line.js';
import type { LogRequest } from './log-request.js';

const NEWLINE = 0x0a;
const DAY_MS = 86_400_000;
const EXAMPLE_CHARACTERS = 200;

export interface LogReading {
  readonly format: LogFormat;
  /** The site of lines that have a path only; maybe with a port. */
  readonly host?: string | undefined;
  readonly fields?: JsonLogFields | undefined;
  readonly nowMs: number;
  /** Earlier lines do not count. */
  readonly sinceMs: number;
}

export interface LogCounts {
  /**
   * Requests by day since the Unix epoch, then by target: the URL of a torrent file without personal keys,
   * or `urn:btih:` and 40 hex digits.
   */
  readonly byDay: Map<number, Map<string, number>>;
  readonly lines: number;
  /** Lines in a known format, whatever they ask for. */
  readonly requests: number;
  /** The first line that is not, truncated. */
  readonly unmatched: string | undefined;
  /** Requests for torrents of which the line names no site. */
  readonly withoutHost: number;
}

/** @param bytes complete lines */
export function countRequests(bytes: Uint8Array, reading: LogReading): LogCounts {
  const byDay = new Map<number, Map<string, number>>();
  let lines = 0;
  let requests = 0;
  let withoutHost = 0;
  let unmatched: string | undefined;
  let targets = 0;
  for (const line of linesOf(bytes)) {
    lines++;
    const request = parseLogLine(line, reading.format, reading.fields);
    if (request === undefined) {
      unmatched ??= line.slice(0, EXAMPLE_CHARACTERS);
      continue;
    }
    requests++;
    const target = torrentOf(request, reading.host);
    if (target === NO_HOST) withoutHost++;
    // A clock that is ahead, and a line without a time, count as now.
    const timeMs = Math.min(request.timeMs ?? reading.nowMs, reading.nowMs);
    if (target === undefined || target === NO_HOST || timeMs < reading.sinceMs) continue;
    const day = Math.floor(timeMs / DAY_MS);
    const counts = byDay.get(day) ?? new Map<string, number>();
    byDay.set(day, counts);
    const before = counts.get(target);
    if (before === undefined && ++targets > MAX_LOG_URLS_PER_CHUNK) continue;
    counts.set(target, (before ?? 0) + 1);
  }
  return { byDay, lines, requests, unmatched, withoutHost };
}

/** Empty lines and comments are not lines of a log. */
function* linesOf(bytes: Uint8Array): Generator<string, undefined> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  for (let end = lines.indexOf(NEWLINE); end >= 0; end = lines.indexOf(NEWLINE, start)) {
    if (end - start <= MAX_LOG_LINE_BYTES) {
      const line = lines.toString('latin1', start, end).trimEnd();
      if (line !== '' && !line.startsWith('#')) yield line;
    }
    start = end + 1;
  }
}

const NO_HOST = Symbol('no host');

function torrentOf(request: LogRequest, defaultHost: string | undefined): string | typeof NO_HOST | undefined {
  const { method, url, status, type = '' } = request;
  const isServed = status === '200' || status === '206' || status === '304';
  if (method !== 'GET' || !isServed) return undefined;
  const infoHash = announcedInfoHash(url);
  if (infoHash !== undefined) return announcedTorrent(infoHash);
  if (!looksLikeTorrentUrl(url) && !type.startsWith('application/x-bittorrent')) return undefined;
  if (/^https?:/i.test(url)) return torrentUrl(url, url);
  if (!url.startsWith('/')) return undefined;
  // A path without a host cannot be fetched.
  const host = request.host ?? defaultHost;
  if (host === undefined) return NO_HOST;
  const isHttps = request.isHttps === true || host.endsWith(':443');
  return torrentUrl(url, `${isHttps ? 'https' : 'http'}://${host}/`);
}

/** Without the key of the user who asked: the crawler must not fetch as that user. */
function torrentUrl(url: string, base: string): string | undefined {
  const target = webUrl(url, base);
  return target === undefined ? undefined : maskUrlSecrets(target);
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
