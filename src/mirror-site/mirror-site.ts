/**
 * The inner resource website (draft 4.1): the catalogue for people, rewritten torrent files for clients. A request with
 * an original site's `Host`, which redirected DNS sends here, is answered under that site's own torrent paths, pages
 * and lists. Torrents are rewritten when first served (rewritten-torrents.ts), so that they carry the current announce
 * URLs.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type AnswerOptions, createAnswers, isBusy } from './answers.js';
import { PLAIN_IDENTITY } from './identity/identity.js';
import { errorPage, notFoundPage } from './message-page.js';
import { PageCache } from './page-cache.js';
import { knownPaths } from './pass-through/known-paths.js';
import type { PassThrough } from './pass-through/pass-through.js';
import { answerChoice } from './pass-through/reader-answers.js';
import { createPathAnswers } from './path-answers.js';
import { onAnswer, send, sendPage, sendText } from './response.js';
import { stringsFor } from './strings.js';
import { readVisit, type Visit, type VisitOptions } from './visit.js';

export interface MirrorSiteOptions extends AnswerOptions, VisitOptions {
  /** The title of the mirror under its own name. */
  readonly title?: string | undefined;
  readonly operatorName?: string | undefined;
  /** For how long browsers use https alone (RFC 6797); 0: nothing is said of it. Default: 0. */
  readonly hstsSeconds?: number | undefined;
  /** Reaches original sites in whose place requests arrive. Undefined: nothing passes to them. */
  readonly passThrough?: PassThrough | undefined;
}

/** Most queued rewrites finish within this time. */
const BUSY_RETRY_SECONDS = 5;

export interface MirrorSite {
  readonly answer: RequestListener;
  /** Of a request for another protocol; undefined unless it belongs to an original whose requests pass. */
  visitToOriginal(request: IncomingMessage, response: ServerResponse): Visit | undefined;
}

export function createMirrorSite(options: MirrorSiteOptions): RequestListener {
  return openMirrorSite(options).answer;
}

/** The same, with what requests for another protocol need. */
export function openMirrorSite(options: MirrorSiteOptions): MirrorSite {
  const { hstsSeconds = 0, passThrough } = options;
  const visitOptions = { ...options, offersOriginal: passThrough !== undefined };
  const namesFor = (request: IncomingMessage) => namesOf(options, request);
  const answers = createAnswers(options);
  const paths = createPathAnswers(options, answers);
  const pages = new PageCache(() => options.catalogue.publishedVersion());
  const findInPlace = knownPaths((host, path) => options.catalogue.findOrigin(host, path));

  /**
   * Answers in an original's place, where all but the catalogue's torrents passes.
   * @param passThrough to the original
   * @returns undefined if nothing is waited for, as for most requests: a promise for each would cost more than their headers
   */
  const answerInPlace = (visit: Visit, passThrough: PassThrough): Promise<void> | undefined => {
    const found = isReading(visit.request) ? findInPlace(visit.host, visit.url) : undefined;
    const pass = (): undefined => {
      passThrough.pass(visit, { isRewritten: true, copy: found?.infoHash });
    };
    if (found === undefined) return pass();
    if (paths.refused(visit, found.infoHash)) return undefined;
    if (found.kind !== 'torrent') return pass();
    return answers.file(visit, found.infoHash).then((isSent) => {
      if (!isSent) pass();
    });
  };

  /**
   * Answers a request that the original may have to answer.
   * @returns false if it is for the catalogue; true or a promise if it is answered
   */
  const answerAsOriginal = (visit: Visit): boolean | Promise<void> => {
    if (passThrough === undefined) return false;
    if (visit.isReserved) return isReading(visit.request) && answerChoice(visit);
    if (passThrough.wantsOriginal(visit.request)) passThrough.pass(visit, { isRewritten: false });
    else if (options.passesAll) return answerInPlace(visit, passThrough) ?? true;
    else return false;
    return true;
  };

  const answer = (request: IncomingMessage, response: ServerResponse): Promise<void> | undefined => {
    const visit = readVisit(request, response, visitOptions, namesFor(request));
    if (visit === undefined) {
      // `OPTIONS *` asks whether there is a server (RFC 9110 section 9.3.7), as health checks do.
      if (isReading(request)) sendText(request, response, 400, 'the address or the Host header is malformed\n');
      else refuseMethod(request, response);
      return undefined;
    }
    const answered = visit.view.site !== undefined && answerAsOriginal(visit);
    if (answered === false) return answerOfCatalogue(visit);
    return answered === true ? undefined : answered;
  };

  const answerOfCatalogue = async (visit: Visit): Promise<void> => {
    const { request, response } = visit;
    const isStandIn = visit.view.site !== undefined;
    if (!isReading(request)) {
      refuseMethod(request, response);
      return;
    }
    // Not under an original site's name: it would keep readers from that site outside of this network.
    if (hstsSeconds > 0 && !isStandIn && visit.isEncrypted) {
      response.setHeader('Strict-Transport-Security', `max-age=${hstsSeconds}`);
    }
    if (sendKept(pages, visit)) return;
    if (isStandIn && !visit.isReserved && (await paths.forSite(visit))) return;
    if (await paths.ownPath(visit)) return;
    sendPage(request, response, 404, notFoundPage(visit.view));
  };

  const visitToOriginal: MirrorSite['visitToOriginal'] = (request, response) => {
    const visit = readVisit(request, response, visitOptions, namesFor(request));
    if (visit?.view.site === undefined || visit.isReserved || passThrough === undefined) return undefined;
    return options.passesAll || passThrough.wantsOriginal(request) ? visit : undefined;
  };

  const answerOrFail: RequestListener = (request, response) => {
    const fail = (thrown: unknown): void => sendFailure(options, request, response, thrown);
    try {
      answer(request, response)?.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
  return { answer: answerOrFail, visitToOriginal };
}

function sendFailure(
  options: MirrorSiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
): void {
  if (isBusy(thrown) && !response.headersSent) {
    response.setHeader('Retry-After', String(BUSY_RETRY_SECONDS));
    sendText(request, response, 503, 'too many large torrents are requested at once; try again in a few seconds\n');
    return;
  }
  options.onError?.(thrown, request.url ?? '');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const view = { ...namesOf(options, request), site: undefined, root: '', originalPage: undefined };
  sendPage(request, response, 500, errorPage(view));
}

function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** @returns false if the answer must be made; it is kept then. Torrent files have a cache of their own. */
function sendKept(pages: PageCache, visit: Visit): boolean {
  if (visit.url.pathname.endsWith('.torrent')) return false;
  const { request, response } = visit;
  const kept = pages.find(visit);
  if (kept === undefined) onAnswer(response, pages.prepare(visit));
  else send(request, response, kept);
  return kept !== undefined;
}

function namesOf(options: MirrorSiteOptions, { headers }: IncomingMessage) {
  const { operatorName = 'your provider', title = 'Local torrents', identity = PLAIN_IDENTITY } = options;
  return { operatorName, title, identity, text: stringsFor(headers['accept-language']) };
}

function refuseMethod(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Allow', 'GET, HEAD');
  sendText(request, response, 405, 'only GET and HEAD are supported\n');
}
