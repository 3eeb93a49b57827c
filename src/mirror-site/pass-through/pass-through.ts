/**
 * The mirror site in an original site's place (draft 4.2): what the catalogue does not have passes to the original, so that
 * login, search, upload and comments work. Links to torrents are rewritten on the way, unless the reader is to get the
 * original's bytes. Only the configured sites are reached, by their own names and ports: this is not an open proxy.
 */
import type { IncomingMessage } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../domain/clock.js';
import type { InfoHash } from '../../domain/info-hash.js';
import type { Logger } from '../../logging/logger.js';
import { withdrawnPage } from '../message-page.js';
import { sendPage, sendText } from '../response.js';
import type { Rewrite } from '../rewritten-torrents.js';
import type { Visit } from '../visit.js';
import { banner } from './banner.js';
import { Concurrency } from './concurrency.js';
import { type EntityTags, entityTags } from './entity-tags.js';
import { PASS_THROUGH_LIMITS, type PassThroughLimits } from './limits.js';
import { LocalisedTorrents } from './localised-torrents.js';
import { Originals, type OriginalsOptions } from './originals.js';
import { OriginalsHealth } from './originals-health.js';
import { Passing } from './passing.js';
import { originalReason, type ReaderRules } from './reader-choice.js';
import { FAILURE_STATUS, type FailureKind, failurePage } from './reader-pages.js';
import { passTorrent } from './rewriting/torrent-rewriter.js';
import type { Authorities } from './scheme-bridge.js';
import { isLoop, mirrorPseudonym } from './via.js';

/** What of the configuration is in force. */
export interface PassThroughSettings extends ReaderRules {
  /** Written into every torrent and magnet link that passes; at least one. */
  readonly announceUrls: readonly string[];
  /** Keep the original trackers after the alias tracker. */
  readonly keepOriginal: boolean;
  /** Tell originals the addresses of readers. */
  readonly forwardedFor: boolean;
  /** A line at the top of HTML pages. */
  readonly banner?: string | undefined;
}

export interface PassThroughOptions extends Omit<OriginalsOptions, 'limits'> {
  readonly settings: PassThroughSettings;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Rewrites large torrents outside of this thread. */
  readonly rewrite: Rewrite;
  /** Why the operator does not let a torrent be published; undefined for all others. */
  readonly denial: (infoHash: InfoHash) => string | undefined;
  /** Whether the alias tracker serves a torrent; not those that the operator has denied. */
  readonly isServed: (infoHash: InfoHash) => boolean;
  /** Told of each torrent that is rewritten, and of each private one (BEP 27). */
  readonly torrentPassed?: ((infoHash: InfoHash) => void) | undefined;
  readonly privateSeen?: ((infoHash: InfoHash) => void) | undefined;
  /** Whether readers reach this server over https under that name. */
  readonly servesHttps?: ((host: string) => boolean) | undefined;
  readonly limits?: Partial<PassThroughLimits>;
}

export interface PassOptions {
  readonly isRewritten: boolean;
  /** The torrent of the catalogue that the request is for: offered where the original fails. */
  readonly copy?: InfoHash | undefined;
  readonly upgrade?: string | undefined;
  readonly onUpgrade?: Dispatcher.DispatchHandler['onRequestUpgrade'] | undefined;
}

const BUSY_RETRY_SECONDS = 5;

export class PassThrough {
  readonly health: OriginalsHealth;
  readonly torrents: LocalisedTorrents;
  readonly limits: PassThroughLimits;
  readonly #options: PassThroughOptions;
  readonly #originals: Originals;
  readonly #underWay: Concurrency;
  readonly #pseudonym = mirrorPseudonym();
  #settings: PassThroughSettings;
  #tags: EntityTags;
  /** Of torrents that are being collected. */
  #collectedBytes = 0;

  constructor(options: PassThroughOptions) {
    this.#options = options;
    this.limits = { ...PASS_THROUGH_LIMITS, ...options.limits };
    this.health = new OriginalsHealth(options.clock, options.log);
    this.torrents = new LocalisedTorrents(options.isServed, options.torrentPassed);
    this.#originals = new Originals({ ...options, limits: this.limits });
    this.#underWay = new Concurrency(this.limits.requests, this.limits.requestsPerClient);
    this.#settings = options.settings;
    this.#tags = tagsOf(options.settings);
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay.inAll;
  }

  /** For requests that come from now on. */
  use(settings: PassThroughSettings): void {
    this.#settings = settings;
    this.#tags = tagsOf(settings);
  }

  /** Whether this reader gets the original's bytes: by their own choice, the operator's, or because they are foreign. */
  wantsOriginal({ headers, socket }: IncomingMessage): boolean {
    return originalReason(socket.remoteAddress, headers.cookie, this.#settings) !== undefined;
  }

  /** Answers with what the original answers, or with a page that says why there is nothing. */
  pass(visit: Visit, options: PassOptions): void {
    const { request, response, host } = visit;
    const site = visit.view.site ?? host;
    const refusal = refused(request);
    if (refusal !== undefined) {
      sendText(request, response, refusal.status, refusal.text);
      return;
    }
    const authorities = this.#authoritiesOf(visit);
    if (authorities === undefined) {
      sendText(request, response, 421, 'this server does not stand in for that port\n');
      return;
    }
    if (isLoop(request.headers.via, this.#pseudonym)) {
      this.health.refused(site, 'loop');
      this.#sendFailure(visit, 'loop', options.copy);
      return;
    }
    const leave = this.#underWay.enter(request.socket.remoteAddress);
    if (leave === undefined) {
      this.health.refused(site, 'busy');
      this.#sendFailure(visit, 'busy', options.copy);
      return;
    }
    response.once('close', leave);
    const onUpgrade: PassOptions['onUpgrade'] = (controller, status, headers, socket) => {
      socket.once('close', leave);
      options.onUpgrade?.(controller, status, headers, socket);
    };
    this.#start(visit, authorities, site, { ...options, onUpgrade });
  }

  close(): Promise<void> {
    return this.#originals.close();
  }

  #start(visit: Visit, authorities: Authorities, site: string, options: PassOptions): void {
    const { request, response, isEncrypted, host } = visit;
    const { isRewritten, copy, upgrade, onUpgrade } = options;
    const { announceUrls, keepOriginal, forwardedFor } = this.#settings;
    const { rewrite, denial, privateSeen, servesHttps = () => false } = this.#options;
    const mayBridge = !isEncrypted && !servesHttps(host);
    const mayRewrite = this.torrents.admit.bind(this.torrents);
    const links = { announceUrls, keepOriginal, mayRewrite };
    const scheme = mayBridge ? this.#originals.schemeOf(authorities) : isEncrypted ? 'https' : 'http';
    const passing = new Passing(
      { request, response, authorities, scheme, isSecure: isEncrypted, mayBridge, isRewritten, upgrade },
      {
        dispatcher: this.#originals.dispatcher,
        limits: this.limits,
        rules: { pseudonym: this.#pseudonym, tags: this.#tags, forwardedFor },
        links: { ...links, banner: banner(this.#settings.banner, visit) },
        passTorrent: (bytes) => passTorrent(bytes, { ...links, rewrite, refusal: denial, onPrivate: privateSeen }),
        reserve: (bytes) => this.#reserve(bytes),
        onScheme: (next) => {
          this.#originals.noteScheme(authorities, next);
          if (next === 'https') this.health.bridged(site);
        },
        onPassed: (thing) => this.health.passed(site, thing),
        onDone: (outcome, bytes) => this.health.answered(site, outcome, bytes),
        onFailed: (kind, reason) => {
          if (kind === 'busy') this.health.refused(site, kind);
          else this.health.failed(site, kind, reason);
          this.#originals.noteScheme(authorities, 'http');
          this.#sendFailure(visit, kind, copy);
        },
        onWithdrawn: (why) => sendPage(request, response, 410, withdrawnPage(visit.view, why)),
        onUpgrade,
      },
    );
    passing.start();
  }

  #authoritiesOf({ request, isEncrypted, host, port }: Visit): Authorities | undefined {
    return this.#originals.authoritiesOf({ name: host, port }, isEncrypted, request.socket.localPort);
  }

  #sendFailure({ request, response, view, host }: Visit, kind: FailureKind, copy: InfoHash | undefined): void {
    // A request whose body nobody reads ends its connection.
    if (!request.complete) response.shouldKeepAlive = false;
    request.resume();
    if (kind === 'busy') response.setHeader('Retry-After', BUSY_RETRY_SECONDS);
    sendPage(request, response, FAILURE_STATUS[kind], failurePage(view, kind, host, copy));
  }

  #reserve(bytes: number): boolean {
    if (bytes > 0 && this.#collectedBytes + bytes > this.limits.collectedBytes) return false;
    this.#collectedBytes += bytes;
    return true;
  }
}

function tagsOf({ announceUrls, keepOriginal, banner: text = '' }: PassThroughSettings): EntityTags {
  return entityTags([...announceUrls, String(keepOriginal), text]);
}

/** What never passes: requests for a proxy (RFC 9110 section 9.3), and those with two hosts. */
function refused({
  method,
  rawHeaders,
}: IncomingMessage): { readonly status: number; readonly text: string } | undefined {
  if (method === 'TRACE' || method === 'CONNECT') return { status: 405, text: `${method} is not supported\n` };
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1 ? undefined : { status: 400, text: 'a request has one Host header\n' };
}
