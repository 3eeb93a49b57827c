/**
 * The inner resource website (draft 4.1): the catalogue for people, rewritten torrent files for clients. A request with
 * an original site's `Host`, which redirected DNS sends here, is answered under that site's own torrent paths, pages
 * and lists. Torrents are rewritten when first served (rewritten-torrents.ts), so that they carry the current announce
 * URLs.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import { type AnswerOptions, createAnswers, isBusy } from './answers.js';
import { errorPage, notFoundPage, withdrawnPage } from './message-page.js';
import { sendPage, sendText } from './response.js';
import { stringsFor } from './strings.js';
import { readVisit, type Visit, type VisitOptions } from './visit.js';

export interface MirrorSiteOptions extends AnswerOptions, VisitOptions {
  /** The title of the mirror under its own name. */
  readonly title?: string | undefined;
  readonly operatorName?: string | undefined;
  /** For how long browsers use https alone (RFC 6797); 0: nothing is said of it. Default: 0. */
  readonly hstsSeconds?: number | undefined;
}

/** Most queued rewrites finish within this time. */
const BUSY_RETRY_SECONDS = 5;

export function createMirrorSite(options: MirrorSiteOptions): RequestListener {
  const { catalogue, operatorName = 'your provider', title = 'Local torrents', hstsSeconds = 0 } = options;
  const namesFor = ({ headers }: IncomingMessage) => {
    return { operatorName, title, text: stringsFor(headers['accept-language']) };
  };
  const answers = createAnswers(options);

  /** Answers 410 for a torrent that the operator does not publish. @returns false for all others */
  const answerRefused = ({ request, response, view }: Visit, infoHash: InfoHash): boolean => {
    const reason = options.refusal?.(infoHash);
    if (reason !== undefined) sendPage(request, response, 410, withdrawnPage(view, reason));
    return reason !== undefined;
  };

  /** Answers with what the original site has at this address. @returns false if the address is unknown */
  const answerForSite = async (visit: Visit): Promise<boolean> => {
    const path = visit.url.pathname + visit.url.search;
    const listing = catalogue.findListing(visit.host, path);
    if (listing !== undefined) {
      if (listing.kind === 'feed') await answers.feed(visit);
      else answers.catalogue(visit);
      return true;
    }
    const found = catalogue.findOrigin(visit.host, path) ?? catalogue.findOrigin(visit.host, visit.url.pathname);
    if (found === undefined) return false;
    if (answerRefused(visit, found.infoHash)) return true;
    if (found.kind === 'torrent' && (await answers.file(visit, found.infoHash))) return true;
    const torrent = catalogue.get(found.infoHash);
    if (torrent === undefined) return false;
    await answers.torrent(visit, torrent);
    return true;
  };

  /** Answers under the mirror's own paths. @returns false if the path is unknown */
  const answerOwnPath = async (visit: Visit): Promise<boolean> => {
    const { pathname } = visit.url;
    if (pathname === '/') answers.catalogue(visit);
    else if (pathname === '/healthz') sendText(visit.request, visit.response, 200, 'ok\n');
    else {
      if (await answers.list(visit)) return true;
      const [, hex, suffix] = /^\/torrent\/([0-9a-fA-F]{40})(\.torrent)?$/.exec(pathname) ?? [];
      if (hex === undefined) return false;
      const infoHash = parseInfoHash(hex);
      if (answerRefused(visit, infoHash)) return true;
      if (suffix !== undefined) return answers.file(visit, infoHash);
      const torrent = catalogue.get(infoHash);
      if (torrent === undefined) return false;
      await answers.torrent(visit, torrent);
    }
    return true;
  };

  const answer: (...request: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      sendText(request, response, 405, 'only GET and HEAD are supported\n');
      return;
    }
    const visit = readVisit(request, response, options, namesFor(request));
    if (visit === undefined) {
      sendText(request, response, 400, 'the address or the Host header is malformed\n');
      return;
    }
    // Not under an original site's name: it would keep readers from that site outside of this network.
    if (hstsSeconds > 0 && visit.view.site === undefined && visit.isEncrypted) {
      response.setHeader('Strict-Transport-Security', `max-age=${hstsSeconds}`);
    }
    if (visit.view.site !== undefined && (await answerForSite(visit))) return;
    if (await answerOwnPath(visit)) return;
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
      else sendPage(request, response, 500, errorPage({ ...namesFor(request), site: undefined }));
    });
  };
}
