/**
 * Answers HTTP requests (BEP 3, 7, 23, 24, 31, 48), from the bytes of a connection to the bytes of a response. An error for a
 * BitTorrent client is a bencoded failure with status 200, which clients show. Other statuses are for requests that are not
 * for a tracker.
 */

import type { NetworkSet } from '../domain/network-set.js';
import {
  HTTP_INCOMPLETE,
  HTTP_LATER,
  type HttpRequestHandler,
  MAX_HTTP_HEAD_BYTES,
  MAX_HTTP_RESPONSE_BYTES,
  RemoteAddress,
} from '../transport/transport.js';
import {
  AnnounceAnswer,
  finishCompactAnnounce,
  finishMixedAnnounce,
  type PeerIdSource,
  startCompactAnnounce,
  writeDictionaryAnnounce,
  writeFailure,
} from '../wire/announce-answer.js';
import {
  AnnounceQueryScratch,
  parseAnnounceQuery,
  QUERY_BAD_INFO_HASH,
  QUERY_BAD_PEER_ID,
  QUERY_BAD_PORT,
  QUERY_FINE,
  QUERY_NO_INFO_HASH,
  QUERY_TWO_INFO_HASHES,
} from '../wire/announce-query.js';
import { readHostHeader } from '../wire/host-header.js';
import { classifyPath, PATH_ANNOUNCE, PATH_SCRAPE } from '../wire/http-path.js';
import {
  HEAD_INCOMPLETE,
  HEAD_MALFORMED,
  HEAD_TOO_LARGE,
  HttpRequestHead,
  METHOD_HEAD,
  METHOD_OTHER,
  parseHeaderLines,
  parseHttpRequestHead,
} from '../wire/http-request-head.js';
import { bodyOffset, finishHttpAnswer } from '../wire/http-response-head.js';
import { decodeQueryBytes } from '../wire/query-values.js';
import { NOT_USUAL, readUsualAnnounce } from '../wire/usual-announce.js';
import { writeBytes } from '../wire/write-bytes.js';
import type { Announcer } from './announcer.js';
import { COUNT_ANNOUNCES_HTTP, COUNT_UNNAMED_BEHIND_PROXY, countRefusal } from './counters.js';
import { applyForwardedFor, readAddressText } from './forwarded-for.js';
import { HttpScrape } from './http-scrape.js';
import { MAX_ADDRESS_TEXT_BYTES, MAX_NUM_WANT } from './limits.js';
import {
  REFUSAL_BUSY,
  REFUSAL_HEAD_TOO_LARGE,
  REFUSAL_INFO_HASH,
  REFUSAL_MALFORMED,
  REFUSAL_METHOD,
  REFUSAL_NONE,
  REFUSAL_PATH,
  REFUSAL_PEER_ID,
  REFUSAL_PORT,
  REFUSAL_PROXY_HEADER,
  REFUSAL_TWO_INFO_HASHES,
  REFUSALS,
} from './refusals.js';
import { originalUrl } from './unknown/original-url.js';
import type { RedirectedTrackers } from './unknown/redirected-trackers.js';
import type { AnnounceSource } from './unknown/unknown-torrents.js';
import type { RequestPassing } from './workers/other-workers.js';
import { ownerOf, SEVERAL_OWNERS } from './workers/owner.js';

export interface HttpHandlerSettings {
  /** Of the listener, default `http`: a part of the URL under which clients announce. */
  readonly protocol?: 'http' | 'https';
  /** Reverse proxies whose X-Forwarded-For is trusted. */
  readonly proxies: NetworkSet;
  /** Answer a scrape without a hash with all swarms. */
  readonly fullScrape: boolean;
  /** Where other workers own a part of the swarms. */
  readonly passing?: RequestPassing;
}

const IPV6_PEER_BYTES = 18;
/** Chosen peers are stored here, at the end of the output buffer, until the length that precedes them is known. */
const PEERS_AT = MAX_HTTP_RESPONSE_BYTES - MAX_NUM_WANT * IPV6_PEER_BYTES;

function refusalOfQuery(problem: number): number {
  switch (problem) {
    case QUERY_NO_INFO_HASH:
    case QUERY_BAD_INFO_HASH:
      return REFUSAL_INFO_HASH;
    case QUERY_TWO_INFO_HASHES:
      return REFUSAL_TWO_INFO_HASHES;
    case QUERY_BAD_PEER_ID:
      return REFUSAL_PEER_ID;
    case QUERY_BAD_PORT:
      return REFUSAL_PORT;
    default:
      return REFUSAL_MALFORMED;
  }
}

export class HttpHandler implements HttpRequestHandler, PeerIdSource, AnnounceSource {
  consumed = 0;
  close = false;
  private readonly announcer: Announcer;
  private readonly settings: HttpHandlerSettings;
  private readonly head = new HttpRequestHead();
  private readonly query = new AnnounceQueryScratch();
  private readonly answer = new AnnounceAnswer();
  private readonly client = new RemoteAddress();
  private readonly scrape: HttpScrape;
  /** Null: all swarms are this worker's. */
  private readonly passing: RequestPassing | null;
  /** Of a request that {@link passOn} passes: the worker that answers it, or {@link SEVERAL_OWNERS}. */
  private owner = 0;
  private remote: RemoteAddress = this.client;
  private readonly otherPeers = new Uint8Array(MAX_NUM_WANT * IPV6_PEER_BYTES);
  /** The current request. */
  private input: Uint8Array = new Uint8Array(0);
  private start = 0;
  private readonly addressText = new Uint8Array(MAX_ADDRESS_TEXT_BYTES);

  constructor(announcer: Announcer, settings: HttpHandlerSettings) {
    this.announcer = announcer;
    this.settings = settings;
    this.scrape = new HttpScrape(announcer, settings.fullScrape);
    this.passing = settings.passing ?? null;
  }

  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    this.input = input;
    this.start = start;
    const head = this.head;
    const end = start + Math.min(length, MAX_HTTP_HEAD_BYTES);
    const headersAt = readUsualAnnounce(input, start, end, head, this.announcer.request, this.query);
    const state =
      headersAt === NOT_USUAL
        ? parseHttpRequestHead(input, start, length, MAX_HTTP_HEAD_BYTES, head)
        : parseHeaderLines(input, start, headersAt, length, MAX_HTTP_HEAD_BYTES, head);
    if (state === HEAD_INCOMPLETE) return HTTP_INCOMPLETE;
    if (state === HEAD_MALFORMED || state === HEAD_TOO_LARGE) {
      // The start of the next request is unknown.
      this.consumed = length;
      this.close = true;
      head.method = METHOD_OTHER;
      return state === HEAD_MALFORMED
        ? this.plainRefusal(400, REFUSAL_MALFORMED, output, outputStart)
        : this.plainRefusal(431, REFUSAL_HEAD_TOO_LARGE, output, outputStart);
    }
    // A body is not read: the request is answered, and the connection closed before the body.
    this.consumed = head.hasBody ? length : head.headBytes;
    this.close = !head.keepAlive || head.hasBody;
    if (headersAt !== NOT_USUAL) return this.answerAnnounce(input, remote, output, outputStart);
    if (head.method === METHOD_OTHER) {
      this.close = true;
      return this.plainRefusal(405, REFUSAL_METHOD, output, outputStart);
    }
    const path = classifyPath(input, head.pathStart, head.pathEnd);
    if (path === PATH_SCRAPE) return this.answerScrape(input, remote, output, outputStart);
    return this.announce(input, path, remote, output, outputStart);
  }

  passOn(ticket: number): void {
    const { passing, owner, start, head } = this;
    if (passing === null) return;
    if (owner === SEVERAL_OWNERS) this.scrape.gather(passing, ticket, this.close, head.method === METHOD_HEAD);
    else passing.pass(owner, ticket, this.remote, this.input, start, head.headBytes);
  }

  announcedUnder(redirected: RedirectedTrackers): { readonly url: string | undefined } | undefined {
    const { input, start, head } = this;
    const named = readHostHeader(input, start, start + head.headBytes);
    if (named === undefined || !redirected.hasName(named.host)) return undefined;
    const text = (from: number, to: number): string => Buffer.from(input.subarray(from, to)).toString('latin1');
    const path = text(head.pathStart, head.pathEnd);
    const query = text(head.queryStart, head.queryEnd);
    return { url: originalUrl({ protocol: this.settings.protocol ?? 'http', ...named, path, query }) };
  }

  copyPeerId(peers: Uint8Array, peerOffset: number, peerBytes: 6 | 18, out: Uint8Array, at: number): boolean {
    return this.announcer.store.peerId(this.announcer.request, peers, peerOffset, peerBytes, out, at);
  }

  private finish(output: Uint8Array, outputStart: number, bodyStart: number, bodyEnd: number, status: number): number {
    const withoutBody = this.head.method === METHOD_HEAD;
    return finishHttpAnswer(output, outputStart, bodyStart, bodyEnd, status, this.close, withoutBody) - outputStart;
  }

  private plainRefusal(status: number, refusal: number, output: Uint8Array, outputStart: number): number {
    countRefusal(this.announcer.counters, refusal);
    const bodyStart = bodyOffset(outputStart, this.close);
    const bodyEnd = writeBytes(output, bodyStart, REFUSALS[refusal]!.message);
    return this.finish(output, outputStart, bodyStart, bodyEnd, status);
  }

  private fail(refusal: number, output: Uint8Array, outputStart: number): number {
    countRefusal(this.announcer.counters, refusal);
    const { message, retryInMinutes } = REFUSALS[refusal]!;
    const bodyStart = bodyOffset(outputStart, this.close);
    const bodyEnd = writeFailure(output, bodyStart, message, retryInMinutes);
    return this.finish(output, outputStart, bodyStart, bodyEnd, 200);
  }

  private announce(
    input: Uint8Array,
    path: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const announcer = this.announcer;
    const head = this.head;
    const query = this.query;
    const problem = parseAnnounceQuery(input, head.queryStart, head.queryEnd, announcer.request, query);
    if (problem === QUERY_NO_INFO_HASH && path !== PATH_ANNOUNCE) {
      return this.plainRefusal(404, REFUSAL_PATH, output, outputStart);
    }
    if (problem !== QUERY_FINE) {
      announcer.counters[COUNT_ANNOUNCES_HTTP]!++;
      return this.fail(refusalOfQuery(problem), output, outputStart);
    }
    return this.answerAnnounce(input, remote, output, outputStart);
  }

  /** The announcer's request is what the query says. */
  private answerAnnounce(input: Uint8Array, remote: RemoteAddress, output: Uint8Array, outputStart: number): number {
    const announcer = this.announcer;
    const query = this.query;
    const request = announcer.request;
    if (this.passing !== null) {
      const { index, count } = this.passing.share;
      const owner = ownerOf(request.bytes, request.infoHashOffset, count);
      if (owner !== index) return this.answerLater(owner, this.passing, remote, output, outputStart);
    }
    announcer.counters[COUNT_ANNOUNCES_HTTP]!++;
    if (!this.resolveClient(input, remote)) return this.fail(REFUSAL_PROXY_HEADER, output, outputStart);
    const client = this.client;
    request.family = client.family;
    request.word0 = client.word0;
    request.word1 = client.word1;
    request.word2 = client.word2;
    request.word3 = client.word3;
    request.wantsPeerIds = !query.compact && !query.noPeerId;
    announcer.unknown.source = this;

    const refusal = announcer.announce();
    if (refusal !== REFUSAL_NONE) return this.fail(refusal, output, outputStart);
    const answer = this.answer;
    answer.complete = announcer.outcome.seeds;
    answer.incomplete = announcer.outcome.leechers;
    answer.intervalSeconds = announcer.interval();
    answer.minIntervalSeconds = announcer.settings.minIntervalSeconds;
    answer.family = client.family;
    answer.word0 = client.word0;
    answer.word1 = client.word1;
    answer.word2 = client.word2;
    answer.word3 = client.word3;
    const bodyStart = bodyOffset(outputStart, this.close);
    const bodyEnd = query.compact
      ? this.writeCompact(output, bodyStart)
      : this.writeDictionary(output, outputStart, bodyStart);
    return this.finish(output, outputStart, bodyStart, bodyEnd, 200);
  }

  private writeCompact(output: Uint8Array, bodyStart: number): number {
    const announcer = this.announcer;
    const answer = this.answer;
    let peersStart = startCompactAnnounce(output, bodyStart, answer);
    const count = announcer.select(output, peersStart, announcer.settings.maxNumWant);
    const peersBytes = count * (answer.family === 4 ? 6 : 18);
    if (announcer.returnsSoon) {
      // A rare one: the interval precedes the peers, is known after them, and is never longer.
      answer.intervalSeconds = announcer.hasten(answer.intervalSeconds);
      const movedStart = startCompactAnnounce(output, bodyStart, answer);
      output.copyWithin(movedStart, peersStart, peersStart + peersBytes);
      peersStart = movedStart;
    }
    const otherBytes = this.selectOther(count);
    if (otherBytes === 0) return finishCompactAnnounce(output, peersStart, peersBytes);
    return finishMixedAnnounce(output, bodyStart, answer, peersStart, peersBytes, this.otherPeers, otherBytes);
  }

  /** Peers of the other family, if the client's own has too few. @returns how many bytes they take */
  private selectOther(given: number): number {
    const announcer = this.announcer;
    const count = announcer.selectOther(this.otherPeers, 0, announcer.settings.maxNumWant, given);
    return count * (this.answer.family === 4 ? 18 : 6);
  }

  private writeDictionary(output: Uint8Array, outputStart: number, bodyStart: number): number {
    const announcer = this.announcer;
    const peersStart = outputStart + PEERS_AT;
    const count = announcer.select(output, peersStart, announcer.settings.maxNumWant);
    const peersBytes = count * (this.answer.family === 4 ? 6 : 18);
    if (announcer.returnsSoon) this.answer.intervalSeconds = announcer.hasten(this.answer.intervalSeconds);
    const otherBytes = this.selectOther(count);
    const ids = announcer.request.wantsPeerIds ? this : null;
    return writeDictionaryAnnounce(
      output,
      bodyStart,
      this.answer,
      output,
      peersStart,
      peersBytes,
      ids,
      this.otherPeers,
      otherBytes,
    );
  }

  /** Fills the client's address: the connection's, a trusted proxy's word for it, or a trusted client's own. */
  private resolveClient(input: Uint8Array, remote: RemoteAddress): boolean {
    const client = this.client;
    client.family = remote.family;
    client.word0 = remote.word0;
    client.word1 = remote.word1;
    client.word2 = remote.word2;
    client.word3 = remote.word3;
    const { proxies } = this.settings;
    if (!proxies.isEmpty && this.head.forwardedForLines > 0) {
      if (!applyForwardedFor(input, this.head, proxies, client)) return false;
    }
    const { ipStart, ipEnd } = this.query;
    if (
      ipEnd > ipStart &&
      this.announcer.isTrusted(client.family, client.word0, client.word1, client.word2, client.word3)
    ) {
      const text = this.addressText;
      const length = decodeQueryBytes(input, ipStart, ipEnd, text, 0, text.length);
      // Anything but a literal address is left alone: names are never resolved.
      if (length <= text.length) readAddressText(Buffer.from(text.buffer, 0, length).toString('latin1'), client);
    }
    if (!proxies.isEmpty && proxies.has(client.family, client.word0, client.word1, client.word2, client.word3)) {
      this.announcer.counters[COUNT_UNNAMED_BEHIND_PROXY]!++;
    }
    return true;
  }

  private answerScrape(input: Uint8Array, remote: RemoteAddress, output: Uint8Array, outputStart: number): number {
    const { head, scrape, passing } = this;
    if (!scrape.read(input, head.queryStart, head.queryEnd)) return this.fail(scrape.refusal, output, outputStart);
    if (passing !== null) {
      const owner = scrape.ownerAmong(passing.share.count);
      if (owner !== passing.share.index) return this.answerLater(owner, passing, remote, output, outputStart);
    }
    const bodyStart = bodyOffset(outputStart, this.close);
    return this.finish(output, outputStart, bodyStart, scrape.write(output, bodyStart), 200);
  }

  /** Nothing is done with the request before {@link passOn}: until then the transport may bring it again. */
  private answerLater(
    owner: number,
    passing: RequestPassing,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    const hasRoom =
      owner === SEVERAL_OWNERS ? this.scrape.canGather(passing) : passing.hasRoom(owner, this.head.headBytes);
    if (!hasRoom) return this.fail(REFUSAL_BUSY, output, outputStart);
    this.owner = owner;
    this.remote = remote;
    return HTTP_LATER;
  }
}
