/** What the caches are given of the other parts: the tracker's answers, the policy, and the torrents of the catalogue. */
import { cachesPart } from '../caches/part.js';
import type { Config } from '../config/config-schema.js';
import type { InfoHash } from '../domain/info-hash.js';
import { announceUrlsOf } from '../mirror-site/pass-through/stand-in.js';
import { selectionPart } from '../policy/part.js';
import type { CacheStanding } from '../selection/compile-capability.js';
import { cacheStore } from '../store/sqlite/cache-store.js';
import type { CatalogueReader } from '../store/sqlite/catalogue-reader.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import type { CacheFill } from '../tracker/cache-fills.js';
import { trackerPart } from '../tracker/part.js';
import { openRewriter } from './document-reader.js';
import type { ThreadWatch } from './supervision/thread-watch.js';

/** Web seeds (BEP 17, 19) and DHT nodes (BEP 5): a client uses them at any hour. */
const FOREIGN_SOURCES = ['url-list', 'httpseeds', 'nodes'];

interface Startable<Running> {
  readonly name: string;
  start(...given: never[]): Promise<Running>;
}

interface Foundation {
  readonly database: SqliteDatabase;
  readonly config: () => Config;
  readonly parts: {
    get<Running>(part: Startable<Running>): Running;
    find<Running>(part: Startable<Running>): Running | undefined;
  };
  readonly threads: Pick<ThreadWatch, 'measure'>;
}

export function cacheServices(
  { database, config, parts, threads }: Foundation,
  catalogue: Pick<CatalogueReader, 'torrentBytes'>,
) {
  return {
    cacheStore: cacheStore(database),
    setCacheStandings: (standings: ReadonlyMap<string, CacheStanding>) =>
      parts.get(selectionPart).setCacheStandings(standings),
    /** Of the exchange with original trackers: a cache that fetches the torrent over the border now. */
    endpointToAnnounce: (infoHash: InfoHash, family: 4 | 6) =>
      parts.find(cachesPart)?.controller.crossingEndpoint(infoHash, family),
    setCacheFills: (fills: readonly CacheFill[]) => parts.get(trackerPart).dataPlane.setCacheFills(fills),
    /**
     * Torrents for caches. They name the alias tracker alone, also if `crawler.keepOriginalTrackers` is set: another tracker would
     * give a cache foreign peers at any hour.
     */
    openCacheMetainfo: () => {
      const { rewrite, close } = openRewriter(threads, 'cache-documents');
      const trackerUrls = () => parts.get(trackerPart).listeners.map(({ url }) => `${url}/announce`);
      const read = async (infoHash: InfoHash): Promise<Uint8Array | undefined> => {
        const bytes = catalogue.torrentBytes(infoHash);
        const announceUrls = announceUrlsOf(config().tracker, trackerUrls);
        return bytes && (await rewrite(bytes, { announceUrls, dropKeys: FOREIGN_SOURCES }, infoHash));
      };
      return { read, close };
    },
  };
}
