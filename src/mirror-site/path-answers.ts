/**
 * What the catalogue answers by path: under the mirror's own paths, and under those that it knows of an original site,
 * which redirected DNS leads here.
 */
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import type { AnswerOptions, Answers } from './answers.js';
import { withdrawnPage } from './message-page.js';
import { sendPage, sendText } from './response.js';
import type { Visit } from './visit.js';

export interface PathAnswers {
  /** What an original's address is to the catalogue. */
  findOrigin(visit: Visit): { readonly infoHash: InfoHash; readonly kind: 'torrent' | 'page' } | undefined;
  /** Answers 410 for a torrent that the operator does not publish. @returns false for all others */
  refused(visit: Visit, infoHash: InfoHash): boolean;
  /** Answers with what the original site has at this address. @returns false if the address is unknown */
  forSite(visit: Visit): Promise<boolean>;
  /** Answers under the mirror's own paths. @returns false if the path is unknown */
  ownPath(visit: Visit): Promise<boolean>;
}

export function createPathAnswers(options: AnswerOptions, answers: Answers): PathAnswers {
  const { catalogue } = options;
  const findOrigin = ({ host, url }: Visit) =>
    catalogue.findOrigin(host, url.pathname + url.search) ?? catalogue.findOrigin(host, url.pathname);

  const refused = ({ request, response, view }: Visit, infoHash: InfoHash): boolean => {
    const reason = options.refusal?.(infoHash);
    if (reason !== undefined) sendPage(request, response, 410, withdrawnPage(view, reason));
    return reason !== undefined;
  };

  const forSite = async (visit: Visit): Promise<boolean> => {
    const path = visit.url.pathname + visit.url.search;
    const listing = catalogue.findListing(visit.host, path);
    if (listing !== undefined) {
      if (listing.kind === 'feed') await answers.feed(visit);
      else answers.catalogue(visit);
      return true;
    }
    const found = findOrigin(visit);
    if (found === undefined) return false;
    if (refused(visit, found.infoHash)) return true;
    if (found.kind === 'torrent' && (await answers.file(visit, found.infoHash))) return true;
    const torrent = catalogue.get(found.infoHash);
    if (torrent === undefined) return false;
    await answers.torrent(visit, torrent);
    return true;
  };

  const ownPath = async (visit: Visit): Promise<boolean> => {
    const { pathname } = visit.url;
    if (pathname === '/') answers.catalogue(visit);
    else if (pathname === '/healthz') sendText(visit.request, visit.response, 200, 'ok\n');
    else {
      if (await answers.list(visit)) return true;
      const [, hex, suffix] = /^\/torrent\/([0-9a-fA-F]{40})(\.torrent)?$/.exec(pathname) ?? [];
      if (hex === undefined) return false;
      const infoHash = parseInfoHash(hex);
      if (refused(visit, infoHash)) return true;
      if (suffix !== undefined) return answers.file(visit, infoHash);
      const torrent = catalogue.get(infoHash);
      if (torrent === undefined) return false;
      await answers.torrent(visit, torrent);
    }
    return true;
  };
  return { findOrigin, refused, forSite, ownPath };
}
