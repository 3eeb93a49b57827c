/** What holds of every candidate that a crawled document names. */
import type { Candidate } from '../../../src/crawler/candidate.js';
import { MAX_SWARM_COUNT, MAX_TITLE_BYTES, MAX_TORRENT_URLS } from '../../../src/crawler/limits.js';
import { MAX_URL_CHARACTERS } from '../../../src/net/limits.js';
import { holds } from '../fuzz-target.js';

export function checkCandidate(candidate: Candidate, source: string): void {
  const { title, infoHash, torrentUrls, magnet, pageUrl, seeds, leechers } = candidate;
  holds(candidate.source === source, 'a candidate names its source');
  holds(torrentUrls.length > 0 || magnet !== undefined, 'a candidate can be fetched');
  holds(torrentUrls.length <= MAX_TORRENT_URLS, 'addresses of a file are bounded');
  holds(Buffer.byteLength(title ?? '') <= MAX_TITLE_BYTES, 'a title is bounded');
  holds(infoHash === undefined || /^[0-9a-f]{40}$/.test(infoHash), 'an info-hash is 40 hex digits in lower case');
  holds(magnet === undefined || /^magnet:\?/i.test(magnet), 'a magnet link is one');
  for (const url of [...torrentUrls, pageUrl]) {
    if (url === undefined) continue;
    holds(/^https?:\/\/[^/]/.test(url) && URL.canParse(url), 'a link leads to the web', () => url);
    // Escaping makes up to three characters of one, or nine of one beyond ASCII.
    holds(url.length <= 10 * MAX_URL_CHARACTERS, 'a link is bounded');
  }
  for (const count of [seeds, leechers]) {
    const sane = count === undefined || (Number.isInteger(count) && count >= 0 && count <= MAX_SWARM_COUNT);
    holds(sane, 'a swarm size is a count', () => String(count));
  }
}
