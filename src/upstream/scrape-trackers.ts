/** Scrapes original trackers, one after the other until each torrent is known. The crawler ranks torrents by it. */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { UDP_SCRAPE_MAX_HASHES } from '../wire/udp-packets.js';
import { httpScrapeHashesMax, scrapeOverHttp } from './announce-over-http.js';
import { scrapeOverUdp } from './announce-over-udp.js';
import { MAX_TRACKERS_PER_REQUEST } from './limits.js';
import type { Originals } from './originals.js';
import { parseTrackerUrl, type TrackerAccess, trackerName } from './tracker-access.js';
import type { ScrapeCounts } from './tracker-contact.js';
import type { UdpConnections } from './udp-connections.js';
import type { UpstreamLog } from './upstream-log.js';

/** The counts of one tracker, with its announce URL. */
export type Scraped = ScrapeCounts & { readonly tracker: string };

export interface ScrapeParts {
  readonly access: TrackerAccess;
  readonly originals: Originals;
  readonly connections: UdpConnections;
  readonly signal: AbortSignal;
  readonly log: UpstreamLog | undefined;
}

/** Never rejects. A torrent that no tracker knows is absent. */
export async function scrapeTrackers(
  parts: ScrapeParts,
  trackers: readonly string[],
  infoHashes: readonly InfoHash[],
): Promise<Map<InfoHash, Scraped>> {
  const found = new Map<InfoHash, Scraped>();
  for (const text of trackers.slice(0, MAX_TRACKERS_PER_REQUEST)) {
    const missing = infoHashes.filter((infoHash) => !found.has(infoHash));
    if (missing.length === 0 || parts.signal.aborted) break;
    try {
      const url = parseTrackerUrl(text);
      const hashesMax = url.protocol === 'udp:' ? UDP_SCRAPE_MAX_HASHES : httpScrapeHashesMax(url);
      for (let at = 0; at < missing.length; at += hashesMax) {
        const counts = await scrapeOnce(parts, url, missing.slice(at, at + hashesMax));
        for (const [infoHash, each] of counts) found.set(infoHash, { ...each, tracker: text });
      }
    } catch (thrown) {
      parts.log?.debug({ tracker: text, reason: messageOf(thrown) }, 'scrape of an original tracker failed');
    }
  }
  return found;
}

async function scrapeOnce(
  { access, originals, connections, signal }: ScrapeParts,
  url: URL,
  infoHashes: readonly InfoHash[],
): Promise<Map<InfoHash, ScrapeCounts>> {
  const destination = await access.destinationOf(url, 4);
  return originals
    .of(trackerName(url))
    .scrape(() =>
      url.protocol === 'udp:'
        ? scrapeOverUdp(destination, infoHashes, signal, connections)
        : scrapeOverHttp(destination, infoHashes, (next) => access.redirectDestination(next, 4), signal),
    );
}
