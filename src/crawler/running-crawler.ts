/** The crawler as a part: crawls on a schedule, and says what it found. */

import { randomBytes } from 'node:crypto';
import type { InfoHash } from '../domain/info-hash.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import type { PartContext, PartListener, RunningPart } from '../part/part.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { createCrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { startLogListeners } from './access-log/start-log-listeners.js';
import type { CrawlResult } from './crawl-result.js';
import { startCrawler } from './crawl-schedule.js';
import { createCrawlerParts, MAX_CRAWL_DOCUMENTS } from './crawler-parts.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { createMetadataClient, type MetadataClientOptions } from './metadata-client.js';
import type { CrawlerConfig } from './section.js';
import type { AnnouncedSwarm, Scraper } from './source.js';
import type { TorrentPolicy } from './torrent-policy.js';

/** As clients name themselves (BEP 20), followed by 12 random bytes. */
const CLIENT = '-AT0100-';

/** What the application gives it of other parts. */
export interface CrawlerNeeds extends Pick<PartContext, 'clock' | 'log' | 'isIpv6Only' | 'onListenerError'> {
  readonly database: SqliteDatabase;
  readonly catalogue: Catalogue;
  readonly blockedReason: BlockedReason;
  /** Reads documents in a thread of its own. */
  readonly openDocuments: (name: string, maxWaiting: number) => CrawlDocumentReader & { close(): Promise<void> };
  /** Of the exchange with original trackers; undefined if there is none. */
  readonly originalTrackers: () => { readonly exchange: Scraper; readonly resolver: NameResolver } | undefined;
  /** The largest swarms that inner clients announce. @param limit how many at most */
  readonly announced: () => Promise<readonly AnnouncedSwarm[]>;
  /** Inner peers that announce a torrent. @param limit how many at most */
  readonly innerPeers: MetadataClientOptions['peersOf'];
  /** Which of their addresses are not connected to, and why. */
  readonly innerPeerBlocked: BlockedReason;
  readonly torrentPolicy: TorrentPolicy;
  /** Whether a torrent is known to be private (BEP 27): it is not scraped. */
  readonly isPrivate: (infoHash: InfoHash) => boolean;
  readonly privateSeen: (infoHash: InfoHash) => void;
  /** How full the tracker is, from 0 to 1. */
  readonly trackerLoad: () => number;
  /** Called after each crawl: other torrents may be in the catalogue. */
  readonly catalogueChanged: () => void;
}

export interface LastCrawl {
  readonly result: CrawlResult;
  readonly seconds: number;
  readonly endedMs: number;
}

export interface RunningCrawl extends RunningPart<CrawlerConfig> {
  /** Undefined until the first crawl has ended. */
  readonly last: LastCrawl | undefined;
}

/** @param previous the listeners before a failure: their ports are kept */
export async function startCrawling(
  { crawler: section, ...config }: CrawlerConfig,
  needs: CrawlerNeeds,
  previous: readonly PartListener[] = [],
): Promise<RunningCrawl> {
  let last: LastCrawl | undefined;
  const { clock, log, database, blockedReason, originalTrackers, announced, catalogueChanged } = needs;
  const documents = needs.openDocuments('crawler-documents', MAX_CRAWL_DOCUMENTS);
  const state = createCrawlState(database);
  const logs = await startLogListeners(section.sources, { ...needs, state, documents }, previous).catch(
    async (thrown) => {
      await documents.close();
      throw thrown;
    },
  );
  const parts = createCrawlerParts({
    config: { ...config, crawler: section },
    documents,
    database,
    clock,
    blockedReason,
    resolver: originalTrackers()?.resolver,
    // Read each time, because the exchange may have been restarted.
    scraper: originalTrackers() && {
      scrape: async (trackers, infoHashes) => {
        const asked = infoHashes.filter((infoHash) => !needs.isPrivate(infoHash));
        return (await originalTrackers()?.exchange.scrape(trackers, asked)) ?? new Map();
      },
    },
    policy: needs.torrentPolicy,
    load: needs.trackerLoad,
    announced: { announced },
    privateSeen: needs.privateSeen,
    metadata: section.metadata
      ? createMetadataClient({
          peersOf: needs.innerPeers,
          blockedReason: needs.innerPeerBlocked,
          peerId: Buffer.concat([Buffer.from(CLIENT), randomBytes(20 - CLIENT.length)]),
        })
      : undefined,
  });
  const running = startCrawler({
    crawler: parts.crawler,
    everyMs: section.everyMs,
    onResult: (result, seconds) => {
      last = { result, seconds, endedMs: clock.nowMs() };
      log.info(describeCrawl(result));
      catalogueChanged();
    },
    onFailure: (reason) => log.error(`the crawl failed: ${reason}`),
  });
  return {
    listeners: logs.listeners,
    get last() {
      return last;
    },
    prepare: () => () => {},
    stop: async () => {
      await Promise.all([running.stop(), logs.stop()]);
      await parts.close();
    },
  };
}

function describeCrawl({ entries, sources }: CrawlResult): string {
  const count = (status: string): number => entries.filter((entry) => entry.status === status).length;
  const failed = sources
    .filter((source) => source.error !== undefined)
    .map((source) => `${source.name} (${source.error})`);
  const torrents = `crawled: ${count('new')} new, ${count('updated')} updated, ${count('kept')} kept, ${count('failed')} failed`;
  return failed.length === 0 ? torrents : `${torrents}; sources that failed: ${failed.join(', ')}`;
}
