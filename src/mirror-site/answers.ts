/** The answers of the mirror site: the catalogue, one torrent, its file and the feed. */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CatalogueQuery, CatalogueResult } from '../store/sqlite/catalogue-search.js';
import type { CatalogueSummary, CatalogueTorrent } from '../store/sqlite/catalogue-torrent.js';
import { magnetFor, rewriteMagnet } from '../wire/metainfo-magnet.js';
import { readTorrentNotes, type TorrentNotes } from '../wire/metainfo-notes.js';
import { announceTiers } from '../wire/metainfo-rewrite.js';
import { cataloguePage, PAGE_SIZE } from './catalogue-page.js';
import { pastedInfoHash, readCatalogueRequest } from './catalogue-request.js';
import { type Identity, PLAIN_IDENTITY } from './identity/identity.js';
import { type InformationFacts, informationAnswers } from './information/information-answers.js';
import { innerCounts, type ReadSwarmCounts } from './inner-counts.js';
import { listAnswers } from './list-answers.js';
import { attachment, isUnchanged, redirect, send, sendPage } from './response.js';
import { type KeepOriginal, type Rewrite, RewrittenTorrents } from './rewritten-torrents.js';
import { torrentPage } from './torrent-page.js';
import type { Visit } from './visit.js';

/** Larger files are not read for the few words that their makers wrote. */
const MAX_NOTED_BYTES = 2 ** 20;
/** How long the filters of lists may be out of date. */
const FACETS_MS = 60_000;

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
  readonly identity?: Identity | undefined;
  /** What the pages about the site say of it. */
  readonly facts?: InformationFacts | undefined;
  /** Ages on the pages are relative to it. */
  readonly clock: Clock;
  readonly swarmCounts?: ReadSwarmCounts | undefined;
  /** Called for a defect: a request could not be answered. */
  readonly onError?: ((thrown: unknown, url: string) => void) | undefined;
}

export interface Answers {
  catalogue(visit: Visit): void;
  torrent(visit: Visit, torrent: CatalogueTorrent): Promise<void>;
  feed(visit: Visit): Promise<void>;
  /** Answers a path that is a list for programs, or a page about the site. @returns false if it is neither */
  list(visit: Visit): Promise<boolean>;
  /** @returns false if the catalogue has no file for it @throws ClientError `reader-busy` */
  file(visit: Visit, infoHash: InfoHash): Promise<boolean>;
}

export function createAnswers(options: AnswerOptions): Answers {
  const { catalogue, announceUrls, keepOriginal = () => false, rewrite, clock } = options;
  // Files are rewritten as the configuration says that came into force now.
  const startedMs = clock.nowMs();
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

  const search = (query: CatalogueQuery): CatalogueResult => published(catalogue.search(query));
  const lists = listAnswers({ catalogue, torrents, search, magnetOf });
  const information = informationAnswers(options.identity ?? PLAIN_IDENTITY, options.facts);
  const facets = remembered(() => catalogue.facets(), FACETS_MS);

  return {
    catalogue: ({ request, response, url, view }) => {
      const wanted = readCatalogueRequest(url.searchParams);
      const pasted = pastedInfoHash(wanted.text);
      const meant = pasted && catalogue.get(pasted);
      if (meant !== undefined) {
        redirect(request, response, `${view.root}/torrent/${meant.infoHash}`);
        return;
      }
      const result = search({ ...wanted, site: view.site ?? wanted.site, pageSize: PAGE_SIZE });
      const context = { facets: facets(), magnetOf, nowMs: clock.nowMs() };
      sendPage(request, response, 200, cataloguePage(view, wanted, result, context));
    },
    torrent: async ({ request, response, view }, torrent) => {
      const inner = (await countsOf([torrent])).get(torrent.infoHash);
      const context = { ...storedContext(torrent, options), magnet: magnetOf(torrent), inner };
      sendPage(request, response, 200, torrentPage(view, torrent, context));
    },
    feed: (visit) => lists.feed(visit),
    list: async (visit) => {
      if (information(visit)) return true;
      const answer = lists.at(visit.url.pathname);
      await answer?.(visit);
      return answer !== undefined;
    },
    file: (visit, infoHash) => sendFile(visit, torrents, infoHash, startedMs),
  };
}

/** What is shown besides the torrent and its swarm. */
function storedContext(torrent: CatalogueTorrent, { catalogue, announceUrls, clock }: AnswerOptions) {
  const { infoHash, infoHashV2, name, magnet } = torrent;
  const short = { infoHash, infoHashV2, name: name.slice(0, 80), announceUrls: announceUrls.slice(0, 2) };
  const bytes = magnet === undefined ? catalogue.torrentBytes(infoHash) : undefined;
  const notes: TorrentNotes =
    bytes === undefined || bytes.length > MAX_NOTED_BYTES ? { webSeeds: [] } : readTorrentNotes(bytes);
  const nowMs = clock.nowMs();
  return {
    insideBps: catalogue.insideBps(infoHash),
    swarmHistory: catalogue.swarmHistory(infoHash, nowMs),
    popularityHistory: catalogue.popularityHistory(infoHash, nowMs),
    shortMagnet: magnetFor(short),
    notes,
    offers: catalogue.offers(infoHash),
    completed: catalogue.popularityOf(infoHash)?.downloads,
    kind: catalogue.kindOf(infoHash),
    nowMs,
  };
}

/** @param startedMs what files are rewritten to is as old as this */
async function sendFile(
  { request, response }: Visit,
  torrents: RewrittenTorrents,
  infoHash: InfoHash,
  startedMs: number,
): Promise<boolean> {
  const torrent = torrents.find(infoHash);
  if (torrent === undefined) return false;
  const validators = { etag: torrent.etag, modifiedMs: Math.max(torrent.fetchedMs, startedMs) };
  // HEAD and "not modified" need no bytes, which may take a second to rewrite.
  const needsBody = request.method !== 'HEAD' && !isUnchanged(request, validators);
  const body = needsBody ? await torrents.bytesOf(torrent) : undefined;
  if (needsBody && body === undefined) return false;
  send(request, response, {
    status: 200,
    type: 'application/x-bittorrent',
    body: body ?? { length: torrent.bytes },
    maxAgeSeconds: 300,
    ...validators,
    disposition: attachment(torrent.name),
  });
  return true;
}

/** The value of this, made again after a time. */
function remembered<T>(make: () => T, forMs: number): () => T {
  let made: { readonly value: T; readonly untilMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (made === undefined || made.untilMs < nowMs) made = { value: make(), untilMs: nowMs + forMs };
    return made.value;
  };
}

/** True if too many large torrents wait to be rewritten. */
export function isBusy(thrown: unknown): boolean {
  return thrown instanceof ClientError && thrown.code === 'reader-busy';
}
