/**
 * The inner resource website (draft 4.1): the catalogue for people, rewritten torrent files for clients. A request with
 * an original site's `Host`, which redirected DNS sends here, is answered under that site's own torrent paths, pages
 * and lists. Torrents are rewritten when first served (rewritten-torrents.ts), so that they carry the current announce
 * URLs.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { parseInfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CatalogueSummary, CatalogueTorrent } from '../store/sqlite/catalogue-torrent.js';
import { magnetFor, rewriteMagnet } from '../wire/metainfo-magnet.js';
import { announceTiers } from '../wire/metainfo-rewrite.js';
import { cataloguePage, PAGE_SIZE, readCatalogueRequest, type SwarmCounts } from './catalogue-page.js';
import { FEED_SIZE, feed } from './feed.js';
import type { Markup } from './html.js';
import type { SiteView } from './layout.js';
import { errorPage, notFoundPage } from './message-page.js';
import { originalSite, readHost } from './request-host.js';
import { attachment, isNotModified, send } from './response.js';
import { type Rewrite, RewrittenTorrents } from './rewritten-torrents.js';
import { torrentPage } from './torrent-page.js';

export interface MirrorSiteOptions {
  readonly catalogue: Catalogue;
  /** Written into every torrent and magnet link; at least one. */
  readonly announceUrls: readonly string[];
  /** Names of original sites that are redirected here; their subdomains are included. */
  readonly siteHosts: readonly string[];
  /** Rewrites large torrent files; see {@link RewrittenTorrents}. */
  readonly rewrite: Rewrite;
  /** Keeps the original trackers after the alias tracker. */
  readonly keepOriginal?: boolean | undefined;
  /** The title of the mirror under its own name. */
  readonly title?: string | undefined;
  readonly operatorName?: string | undefined;
  /** The mirror's own URL, for links in the feed; the default is the visitor's Host header. */
  readonly publicUrl?: string | undefined;
  /** Swarm sizes from the alias tracker; unknown swarms are omitted. */
  readonly swarmCounts?: ((infoHashes: readonly InfoHash[]) => Promise<ReadonlyMap<InfoHash, SwarmCounts>>) | undefined;
  /** Called for a defect: a request could not be answered. */
  readonly onError?: ((thrown: unknown, url: string) => void) | undefined;
}

/** Most queued rewrites finish within this time. */
const BUSY_RETRY_SECONDS = 5;
/** Longer than a busy tracker needs, shorter than a visitor waits. In ms. */
const COUNTS_TIMEOUT_MS = 500;

interface Visit {
  readonly url: URL;
  /** `scheme://host` as the visitor knows the mirror. */
  readonly baseUrl: string;
  readonly host: string;
  readonly view: SiteView;
}

export function createMirrorSite(options: MirrorSiteOptions): RequestListener {
  const {
    catalogue,
    announceUrls,
    keepOriginal = false,
    operatorName = 'your provider',
    title = 'Local torrents',
  } = options;
  const names = { operatorName, title };
  const torrents = new RewrittenTorrents({ catalogue, announceUrls, keepOriginal, rewrite: options.rewrite });

  const magnetOf = (torrent: CatalogueSummary & Partial<Pick<CatalogueTorrent, 'trackerTiers'>>): string => {
    if (torrent.magnet !== undefined) return rewriteMagnet(torrent.magnet, { announceUrls, keepOriginal });
    const tiers = announceTiers({ announceUrls, keepOriginal }, torrent.trackerTiers ?? []);
    return magnetFor({ ...torrent, announceUrls: tiers.flat() });
  };

  /** If the tracker does not answer, the page appears without its numbers. */
  const innerCounts = async (torrents: readonly CatalogueSummary[]): Promise<Map<InfoHash, SwarmCounts>> => {
    const hashes = torrents.flatMap(({ infoHash, hybridInfoHash }) => [
      infoHash,
      ...(hybridInfoHash ? [hybridInfoHash] : []),
    ]);
    const counts = await withinTime(options.swarmCounts?.(hashes), COUNTS_TIMEOUT_MS).catch((thrown: unknown) => {
      options.onError?.(thrown, 'swarm counts');
      return undefined;
    });
    const result = new Map<InfoHash, SwarmCounts>();
    for (const { infoHash, hybridInfoHash } of torrents) {
      const v1 = counts?.get(infoHash);
      const v2 = hybridInfoHash === undefined ? undefined : counts?.get(hybridInfoHash);
      // A client of a hybrid torrent is in both swarms, so the larger count is closer than the sum.
      const larger = v1 !== undefined && v2 !== undefined ? maxCounts(v1, v2) : (v1 ?? v2);
      if (larger !== undefined) result.set(infoHash, larger);
    }
    return result;
  };

  const showCatalogue = async (visit: Visit, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wanted = readCatalogueRequest(visit.url.searchParams);
    const result = catalogue.search({ ...wanted, site: visit.view.site, pageSize: PAGE_SIZE });
    const markup = cataloguePage(visit.view, wanted, result, await innerCounts(result.torrents));
    sendPage(request, response, 200, markup);
  };

  const showTorrent = async (
    visit: Visit,
    torrent: CatalogueTorrent,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const counts = (await innerCounts([torrent])).get(torrent.infoHash);
    sendPage(request, response, 200, torrentPage(visit.view, torrent, magnetOf(torrent), counts));
  };

  const showFeed = (visit: Visit, request: IncomingMessage, response: ServerResponse): void => {
    const text = (visit.url.searchParams.get('q') ?? '').slice(0, 200);
    const { torrents } = catalogue.search({ text, site: visit.view.site, pageSize: FEED_SIZE });
    const markup = feed(visit.view, visit.baseUrl, torrents, magnetOf);
    send(request, response, {
      status: 200,
      type: 'application/rss+xml; charset=utf-8',
      body: Buffer.from(markup.text),
      maxAgeSeconds: 60,
    });
  };

  /** @returns false if the catalogue has no file for it */
  const sendTorrent = async (
    infoHash: InfoHash,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> => {
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
  };

  /** Answers with what the original site has at this address. @returns false if the address is unknown */
  const answerForSite = async (visit: Visit, request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const path = visit.url.pathname + visit.url.search;
    const listing = catalogue.findListing(visit.host, path);
    if (listing?.kind === 'feed') {
      showFeed(visit, request, response);
      return true;
    }
    if (listing?.kind === 'html') {
      await showCatalogue(visit, request, response);
      return true;
    }
    const found = catalogue.findOrigin(visit.host, path) ?? catalogue.findOrigin(visit.host, visit.url.pathname);
    if (found === undefined) return false;
    if (found.kind === 'torrent' && (await sendTorrent(found.infoHash, request, response))) return true;
    const torrent = catalogue.get(found.infoHash);
    if (torrent === undefined) return false;
    await showTorrent(visit, torrent, request, response);
    return true;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      sendText(request, response, 405, 'only GET and HEAD are supported\n');
      return;
    }
    const visit = readVisit(request, options, names);
    if (visit === undefined) {
      sendText(request, response, 400, 'the address or the Host header is malformed\n');
      return;
    }
    const { pathname } = visit.url;
    if (visit.view.site !== undefined && (await answerForSite(visit, request, response))) return;
    if (pathname === '/') return showCatalogue(visit, request, response);
    if (pathname === '/feed.xml') return showFeed(visit, request, response);
    if (pathname === '/healthz') return sendText(request, response, 200, 'ok\n');
    const [, hex, suffix] = /^\/torrent\/([0-9a-fA-F]{40})(\.torrent)?$/.exec(pathname) ?? [];
    if (hex !== undefined) {
      const infoHash = parseInfoHash(hex);
      if (suffix !== undefined && (await sendTorrent(infoHash, request, response))) return;
      const torrent = suffix === undefined ? catalogue.get(infoHash) : undefined;
      if (torrent !== undefined) return showTorrent(visit, torrent, request, response);
    }
    sendPage(request, response, 404, notFoundPage(visit.view));
  };

  return (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      if (isBusy(thrown) && !response.headersSent) {
        response.setHeader('Retry-After', String(BUSY_RETRY_SECONDS));
        sendText(request, response, 503, 'too many large torrents are requested at once; try again in a few seconds\n');
        return;
      }
      options.onError?.(thrown, request.url ?? '');
      if (response.headersSent) response.destroy();
      else sendPage(request, response, 500, errorPage({ ...names, site: undefined }));
    });
  };
}

function readVisit(
  request: IncomingMessage,
  { siteHosts, publicUrl }: MirrorSiteOptions,
  names: Omit<SiteView, 'site'>,
): Visit | undefined {
  const host = readHost(request.headers.host);
  // Only a path is accepted: a target that begins with two slashes would name another host.
  const target = request.url ?? '/';
  if (host === undefined || !target.startsWith('/') || !URL.canParse(`http://mirror.invalid${target}`))
    return undefined;
  const encrypted = 'encrypted' in request.socket;
  const site = originalSite(host.name, siteHosts);
  return {
    url: new URL(`http://mirror.invalid${target}`),
    baseUrl:
      site === undefined && publicUrl !== undefined
        ? publicUrl.replace(/\/+$/, '')
        : `${encrypted ? 'https' : 'http'}://${host.withPort}`,
    host: host.name,
    view: { ...names, site },
  };
}

function sendPage(request: IncomingMessage, response: ServerResponse, status: number, markup: Markup): void {
  const type = 'text/html; charset=utf-8';
  send(request, response, { status, type, body: Buffer.from(markup.text), maxAgeSeconds: status === 200 ? 30 : 0 });
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  send(request, response, { status, type: 'text/plain; charset=utf-8', body: Buffer.from(text), maxAgeSeconds: 0 });
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof ClientError && thrown.code === 'reader-busy';
}

function maxCounts(a: SwarmCounts, b: SwarmCounts): SwarmCounts {
  return { seeds: Math.max(a.seeds, b.seeds), leechers: Math.max(a.leechers, b.leechers) };
}

async function withinTime<T>(work: Promise<T> | undefined, timeoutMs: number): Promise<T | undefined> {
  if (work === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the tracker did not report its swarms within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
