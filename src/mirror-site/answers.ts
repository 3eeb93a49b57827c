/** The answers of the mirror site: the catalogue, one torrent, its file and the feed. */
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CatalogueResult } from '../store/sqlite/catalogue-search.js';
import type { CatalogueSummary, CatalogueTorrent } from '../store/sqlite/catalogue-torrent.js';
import { magnetFor, rewriteMagnet } from '../wire/metainfo-magnet.js';
import { announceTiers } from '../wire/metainfo-rewrite.js';
import { cataloguePage, PAGE_SIZE, readCatalogueRequest } from './catalogue-page.js';
import { FEED_SIZE, feed } from './feed.js';
import { innerCounts, type ReadSwarmCounts } from './inner-counts.js';
import { attachment, isNotModified, send, sendPage } from './response.js';
import { type KeepOriginal, type Rewrite, RewrittenTorrents } from './rewritten-torrents.js';
import { torrentPage } from './torrent-page.js';
import type { Visit } from './visit.js';

export interface AnswerOptions {
  readonly catalogue: Catalogue;
  /** Why a torrent is not published; undefined if it may be. Default: all may. */
  readonly refusal?: ((infoHash: InfoHash) => string | undefined) | undefined;
  /** Written into every torrent and magnet link; at least one. */
  readonly announceUrls: readonly string[];
  /** Rewrites large torrent files; see {@link RewrittenTorrents}. */
  readonly rewrite: Rewrite;
  /** Whether torrents and magnet links of a source keep their original trackers after the alias tracker; default: none do. */
  readonly keepOriginal?: KeepOriginal | undefined;
  readonly swarmCounts?: ReadSwarmCounts | undefined;
  /** Called for a defect: a request could not be answered. */
  readonly onError?: ((thrown: unknown, url: string) => void) | undefined;
}

export interface Answers {
  catalogue(visit: Visit): void;
  torrent(visit: Visit, torrent: CatalogueTorrent): Promise<void>;
  feed(visit: Visit): void;
  /** @returns false if the catalogue has no file for it @throws ClientError `reader-busy` */
  file(visit: Visit, infoHash: InfoHash): Promise<boolean>;
}

export function createAnswers(options: AnswerOptions): Answers {
  const { catalogue, announceUrls, keepOriginal = () => false, rewrite } = options;
  const torrents = new RewrittenTorrents({ catalogue, announceUrls, keepOriginal, rewrite });

  const magnetOf = (torrent: CatalogueSummary): string => {
    const rewriting = { announceUrls, keepOriginal: keepOriginal(torrent.source) };
    if (torrent.magnet !== undefined) return rewriteMagnet(torrent.magnet, rewriting);
    const originals = rewriting.keepOriginal ? catalogue.trackerTiers(torrent.infoHash) : [];
    return magnetFor({ ...torrent, announceUrls: announceTiers(rewriting, originals).flat() });
  };
  /** Torrents may have been denied since they were stored. */
  const published = (found: CatalogueResult): CatalogueResult => {
    const shown = found.torrents.filter(({ infoHash }) => options.refusal?.(infoHash) === undefined);
    return { ...found, total: found.total - (found.torrents.length - shown.length), torrents: shown };
  };
  const countsOf = (shown: readonly CatalogueSummary[]) =>
    innerCounts(shown, options.swarmCounts, (thrown) => options.onError?.(thrown, 'swarm counts'));

  return {
    catalogue: ({ request, response, url, view }) => {
      const wanted = readCatalogueRequest(url.searchParams);
      const result = published(catalogue.search({ ...wanted, site: view.site, pageSize: PAGE_SIZE }));
      sendPage(request, response, 200, cataloguePage(view, wanted, result));
    },
    torrent: async ({ request, response, view }, torrent) => {
      const counts = (await countsOf([torrent])).get(torrent.infoHash);
      sendPage(request, response, 200, torrentPage(view, torrent, magnetOf(torrent), counts));
    },
    feed: ({ request, response, url, baseUrl, view }) => {
      const { text } = readCatalogueRequest(url.searchParams);
      const found = published(catalogue.search({ text, site: view.site, pageSize: FEED_SIZE }));
      send(request, response, {
        status: 200,
        type: 'application/rss+xml; charset=utf-8',
        body: Buffer.from(feed(view, baseUrl, found.torrents, magnetOf).text),
        maxAgeSeconds: 60,
      });
    },
    file: async ({ request, response }, infoHash) => {
      const torrent = torrents.find(infoHash);
      if (torrent === undefined) return false;
      const { etag } = torrent;
      // HEAD and "not modified" need no bytes, which may take a second to rewrite.
      const needsBody = request.method !== 'HEAD' && !isNotModified(request, etag);
      const body = needsBody ? await torrents.bytesOf(torrent) : undefined;
      if (needsBody && body === undefined) return false;
      send(request, response, {
        status: 200,
        type: 'application/x-bittorrent',
        body: body ?? { length: torrent.bytes },
        maxAgeSeconds: 300,
        etag,
        disposition: attachment(torrent.name),
      });
      return true;
    },
  };
}

/** True if too many large torrents wait to be rewritten. */
export function isBusy(thrown: unknown): boolean {
  return thrown instanceof ClientError && thrown.code === 'reader-busy';
}
