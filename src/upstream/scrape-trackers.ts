/** Scrapes original trackers, one after the other until each torrent is known. The crawler ranks torrents by it. */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { scrapeOverHttp } from './announce-over-http.js';
import { scrapeOverUdp } from './announce-over-udp.js';
import type { AnnounceSchedule } from './announce-schedule.js';
import { MAX_TRACKERS_PER_REQUEST } from './limits.js';
import { AccessDenied, parseTrackerUrl, type TrackerAccess, trackerName } from './tracker-access.js';
import { type ScrapeCounts, TrackerRefusal } from './tracker-contact.js';
import type { UpstreamLog } from './upstream-log.js';

/** The counts of one tracker, with its announce URL. */
export type Scraped = ScrapeCounts & { readonly tracker: string };

export interface ScrapeParts {
  readonly access: TrackerAccess;
  readonly schedule: AnnounceSchedule;
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
    let tracker = text;
    try {
      const url = parseTrackerUrl(text);
      tracker = trackerName(url);
      if (parts.schedule.secondsUntilDue(tracker, '') > 0) continue; // it backs off
      if (parts.schedule.secondsUntilDue(scrapesOf(tracker), '') > 0) continue;
      const destination = await parts.access.destinationOf(url, 4);
      const counts =
        url.protocol === 'udp:'
          ? await scrapeOverUdp(destination, missing, parts.signal)
          : await scrapeOverHttp(
              destination,
              missing,
              (next) => parts.access.redirectDestination(next, 4),
              parts.signal,
            );
      for (const [infoHash, each] of counts) found.set(infoHash, { ...each, tracker: text });
    } catch (thrown) {
      if (!(thrown instanceof AccessDenied || thrown instanceof TrackerRefusal)) {
        parts.schedule.failed(scrapesOf(tracker));
      }
      parts.log?.debug({ tracker: text, reason: messageOf(thrown) }, 'scrape of an original tracker failed');
    }
  }
  return found;
}

/** Scrapes back off by themselves: a tracker may answer announces and have no scrape. */
function scrapesOf(tracker: string): string {
  return `scrape ${tracker}`;
}
