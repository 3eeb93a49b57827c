/**
 * A torrent that lies on several sites is served in the place of each of them. Only a file that was fetched from an address
 * proves that this torrent is there, so the files of the other sites are fetched once, too.
 */

import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { addressKey, siteAddressOf } from '../domain/site-address.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import { placesOf, sourcesNaming } from './candidate.js';
import type { Found } from './choose.js';
import { fetchable } from './description.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { inParallel } from './in-parallel.js';
import type { ProvenAddresses } from './known-descriptions.js';
import type { SiteVisits } from './site-visits.js';

export interface PlacesReading {
  readonly visits: SiteVisits;
  readonly documents: CrawlDocumentReader;
  readonly catalogue: Catalogue;
  readonly state: CrawlState;
  readonly clock: Clock;
  readonly proven: ProvenAddresses;
  readonly maxTorrentBytes: number;
}

/** Files fetched at once, over all sites. */
const PARALLEL_PROOFS = 16;

/** Never rejects; an address that cannot be proven is tried again by the next crawl. */
export async function provePlaces(found: readonly Found[], reading: PlacesReading, signal: AbortSignal): Promise<void> {
  const tasks = found.flatMap((torrent) => addressesToProve(torrent, reading).map((url) => ({ torrent, url })));
  await inParallel(tasks, PARALLEL_PROOFS, ({ torrent, url }) => prove(torrent, url, reading, signal));
}

/** One address on each site from which the file was not fetched, now or earlier. */
function addressesToProve({ candidate, fetchedFrom }: Found, { proven }: PlacesReading): string[] {
  const done = new Set(fetchedFrom.map((url) => siteAddressOf(url).host));
  const addresses: string[] = [];
  for (const { torrentUrls } of placesOf(candidate)) {
    const [url] = fetchable(torrentUrls).filter((each) => URL.canParse(each));
    if (url === undefined) continue;
    const { host } = siteAddressOf(url);
    const key = addressKey(url);
    if (proven.stored.has(key) || proven.others.has(key)) done.add(host);
    if (done.has(host)) continue;
    done.add(host);
    addresses.push(url);
  }
  return addresses;
}

async function prove(
  { infoHash, candidate }: Found,
  url: string,
  reading: PlacesReading,
  signal: AbortSignal,
): Promise<void> {
  const { visits, documents, catalogue, state, clock, maxTorrentBytes } = reading;
  try {
    const request = { maxBytes: maxTorrentBytes, accept: 'application/x-bittorrent', signal };
    const fetched = await visits.fetch(url, request, sourcesNaming(candidate, url));
    if (fetched.kind !== 'fetched') return;
    const facts = await documents.run('torrent', fetched.bytes, { about: url, signal });
    if (facts.infoHash === infoHash) {
      const urls = [...new Set([url, fetched.url])];
      catalogue.addOrigins(
        infoHash,
        urls.map((each) => ({ ...siteAddressOf(each), kind: 'torrent' })),
      );
    } else {
      // Another torrent: the next crawl knows it.
      state.rememberFile(addressKey(url), { infoHash: facts.infoHash, trackers: [] }, clock.nowMs());
    }
  } catch (thrown) {
    if (!(thrown instanceof ClientError) && !signal.aborted) throw thrown;
  }
}
