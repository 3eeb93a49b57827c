/** Checks tracker URLs in a torrent (BEP 3, BEP 15; `wss` is WebTorrent's). */
import { ClientError } from '../domain/errors.js';
import { MAX_ANNOUNCE_URL_CHARACTERS } from './metainfo-limits.js';

const PROTOCOLS = new Set(['udp:', 'http:', 'https:', 'ws:', 'wss:']);

/** @returns the text unchanged @throws ClientError `invalid-value` */
export function parseAnnounceUrl(text: string): string {
  const problem = announceUrlProblem(text);
  if (problem !== undefined) {
    throw new ClientError(
      'invalid-value',
      `"${text.slice(0, 100)}" ${problem}; an example is udp://tracker.example.net:6969/announce`,
    );
  }
  return text;
}

/** True for a URL that a client could announce to. */
export function isAnnounceUrl(text: string): boolean {
  return announceUrlProblem(text) === undefined;
}

function announceUrlProblem(text: string): string | undefined {
  if (text.length > MAX_ANNOUNCE_URL_CHARACTERS) return 'is too long for an announce URL';
  if (/[\s\p{Cc}]/u.test(text)) return 'has a space or control character in it';
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (!PROTOCOLS.has(url.protocol)) return 'is not a udp, http, https, ws or wss URL';
  if (url.hostname === '') return 'has no host';
  if (url.protocol === 'udp:' && url.port === '') return 'is a udp URL without a port';
  return undefined;
}
