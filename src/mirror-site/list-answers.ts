/** Answers lists in the formats of programs: RSS, Torznab, JSON, CSV, OpenSearch, sitemap. */
import type { Markup } from '../markup/markup.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CatalogueQuery, CatalogueResult, ListedTorrent } from '../store/sqlite/catalogue-search.js';
import { readCatalogueRequest } from './catalogue-request.js';
import { EXPORT_SIZE, listCsv, listJson, openSearch, robots, SITEMAP_SIZE, sitemap } from './exports.js';
import { FEED_SIZE, feed } from './feed.js';
import { etagOf, send } from './response.js';
import type { RewrittenTorrents } from './rewritten-torrents.js';
import { readTorznabSearch, standardFilter, torznabCapabilities, torznabError } from './torznab.js';
import type { Visit } from './visit.js';

export interface ListAnswerOptions {
  readonly catalogue: Pick<Catalogue, 'swarmsAfter' | 'categories'>;
  readonly torrents: Pick<RewrittenTorrents, 'lengthOf'>;
  /** Leaves out what is not published. */
  readonly search: (query: CatalogueQuery) => CatalogueResult;
  readonly magnetOf: (torrent: ListedTorrent) => string;
}

const RSS = 'application/rss+xml; charset=utf-8';
const XML = 'application/xml; charset=utf-8';

/** By path, for the mirror's own name and those of original sites. */
export function listAnswers({ catalogue, torrents, search, magnetOf }: ListAnswerOptions) {
  const sendBody = ({ request, response }: Visit, type: string, text: string | Markup, maxAgeSeconds = 60): void => {
    const body = Buffer.from(typeof text === 'string' ? text : text.text);
    send(request, response, { status: 200, type, body, maxAgeSeconds, etag: etagOf(body), isPage: true });
  };
  const found = ({ url, view }: Visit, pageSize: number): CatalogueResult => {
    const wanted = readCatalogueRequest(url.searchParams);
    return search({ ...wanted, site: view.site ?? wanted.site, pageSize });
  };
  const sendFeed = async (visit: Visit, result: CatalogueResult, offset: number): Promise<void> => {
    const { view, baseUrl, url } = visit;
    const lengths = new Map<ListedTorrent, number>();
    for (const torrent of result.torrents) lengths.set(torrent, await torrents.lengthOf(torrent.infoHash));
    const context = {
      baseUrl,
      selfPath: url.pathname + url.search,
      total: result.total,
      offset,
      magnetOf,
      fileBytesOf: (torrent: ListedTorrent) => lengths.get(torrent) ?? 0,
    };
    sendBody(visit, RSS, feed(view, result.torrents, context));
  };
  const torznab = async (visit: Visit): Promise<void> => {
    const { url, view } = visit;
    if (url.searchParams.get('t') === 'caps') return sendBody(visit, XML, torznabCapabilities(view));
    const wanted = readTorznabSearch(url.searchParams);
    if (wanted === undefined) return sendBody(visit, XML, torznabError());
    const { text, categories, offset, limit } = wanted;
    const { kind } = readCatalogueRequest(url.searchParams);
    const standard = categories.length === 0 ? undefined : standardFilter(categories, catalogue.categories());
    const result = search({
      text,
      site: view.site,
      kind,
      standard,
      sort: 'added',
      offset,
      pageSize: limit,
    });
    await sendFeed(visit, result, offset);
  };
  const feedOf = (visit: Visit): Promise<void> => sendFeed(visit, found(visit, FEED_SIZE), 0);
  const answers: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
    '/feed.xml': feedOf,
    '/torznab/api': torznab,
    '/list.json': async (visit) => {
      const { page } = readCatalogueRequest(visit.url.searchParams);
      sendBody(visit, 'application/json', listJson(visit.baseUrl, found(visit, EXPORT_SIZE), page, magnetOf));
    },
    '/list.csv': async (visit) =>
      sendBody(visit, 'text/csv; charset=utf-8', listCsv(visit.baseUrl, found(visit, EXPORT_SIZE), magnetOf)),
    '/opensearch.xml': async (visit) =>
      sendBody(
        visit,
        'application/opensearchdescription+xml; charset=utf-8',
        openSearch(visit.view, visit.baseUrl),
        3_600,
      ),
    '/robots.txt': async (visit) => sendBody(visit, 'text/plain; charset=utf-8', robots(visit.baseUrl), 3_600),
    '/sitemap.xml': async (visit) => {
      const hashes = catalogue.swarmsAfter('', SITEMAP_SIZE).map(({ infoHash }) => infoHash);
      sendBody(visit, XML, sitemap(visit.baseUrl, hashes), 3_600);
    },
  };
  return {
    feed: feedOf,
    /** @returns undefined if the path is not one of these */
    at: (path: string) => (Object.hasOwn(answers, path) ? answers[path] : undefined),
  };
}
