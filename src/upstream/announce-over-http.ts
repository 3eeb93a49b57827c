/**
 * Asks a tracker over HTTP or HTTPS (BEP 3, 7, 23, 48). The connection goes to the address that was resolved past the
 * redirected DNS and checked; the Host header, the TLS server name and the certificate check keep the tracker's name.
 * An HTTP redirect is a new destination and passes the same check. This does not use bittorrent-tracker's client: a failure
 * reason that is not a string makes it throw where no caller can catch it, and it reads answers of any size.
 */

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { withinTime } from '../domain/deadline.js';
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import {
  HTTP_TIMEOUT_MS,
  MAX_HTTP_ANSWER_BYTES,
  MAX_HTTP_REDIRECTS,
  MAX_SCRAPE_PATH,
  MAX_UNPACKED_ANSWER_BYTES,
  STOPPED_TIMEOUT_MS,
} from './limits.js';
import { readAnnounceReply, readScrapeReply } from './tracker-answer.js';
import {
  type AnnounceReply,
  LEFT_BYTES,
  type OutgoingAnnounce,
  type ScrapeCounts,
  type TrackerDestination,
} from './tracker-contact.js';

/** `info_hash=` with 20 escaped bytes, and the separator. */
const SCRAPE_PARAMETER_LENGTH = 'info_hash='.length + 3 * 20 + 1;

/** Resolves and checks a URL that a tracker redirected to. @throws Error (any) if it must not be asked */
export type Redirected = (url: URL) => Promise<TrackerDestination>;

/** @throws TrackerRefusal for a failure reason; Error if there is no usable answer in time */
export async function announceOverHttp(
  destination: TrackerDestination,
  announce: OutgoingAnnounce,
  redirected: Redirected,
  signal?: AbortSignal,
  timeoutMs = announce.event === 'stopped' ? STOPPED_TIMEOUT_MS : HTTP_TIMEOUT_MS,
): Promise<AnnounceReply> {
  const query = [
    `info_hash=${escapeBytes(infoHashToBytes(announce.infoHash))}`,
    `peer_id=${escapeBytes(announce.peerId)}`,
    `port=${announce.port}&uploaded=0&downloaded=0&left=${LEFT_BYTES}&compact=1&no_peer_id=1`,
    `numwant=${announce.numWant}&key=${announce.key.toString(16).padStart(8, '0')}`,
    ...(announce.event === 'none' ? [] : [`event=${announce.event}`]),
    ...(announce.address === undefined ? [] : addressParameters(announce.address)),
  ].join('&');
  const { body, localAddress } = await withinTime(timeoutMs, signal, (either) =>
    get(destination, query, redirected, either),
  );
  const reply = readAnnounceReply(body);
  return localAddress === undefined ? reply : { ...reply, ourAddresses: [...reply.ourAddresses, localAddress] };
}

/** BEP 3, and the name of BEP 7 for trackers that know only that one. */
function addressParameters(address: IpAddress): string[] {
  const text = encodeURIComponent(formatIp(address));
  return [`ip=${text}`, `ipv${address.family}=${text}`];
}

/** How many info-hashes fit into one scrape of this announce URL, at least one. */
export function httpScrapeHashesMax({ pathname, search }: URL): number {
  const room = MAX_SCRAPE_PATH - pathname.length - search.length - 1;
  return Math.max(1, Math.floor(room / SCRAPE_PARAMETER_LENGTH));
}

/**
 * @param infoHashes at most {@link httpScrapeHashesMax}
 * @throws as {@link announceOverHttp}, and Error if the URL does not follow the scrape convention (BEP 48)
 */
export async function scrapeOverHttp(
  destination: TrackerDestination,
  infoHashes: readonly InfoHash[],
  redirected: Redirected,
  signal?: AbortSignal,
): Promise<Map<InfoHash, ScrapeCounts>> {
  const url = scrapeUrl(destination.url);
  if (url === undefined) throw new Error('its announce URL does not follow the scrape convention');
  const counts = new Map<InfoHash, ScrapeCounts>();
  const query = infoHashes.map((infoHash) => `info_hash=${escapeBytes(infoHashToBytes(infoHash))}`).join('&');
  const { body } = await withinTime(HTTP_TIMEOUT_MS, signal, (either) =>
    get({ ...destination, url }, query, redirected, either),
  );
  const reply = readScrapeReply(body);
  // Some trackers answer with every torrent they have. Only the requested ones are read.
  for (const infoHash of infoHashes) {
    const found = reply.get(infoHash);
    if (found) counts.set(infoHash, found);
  }
  return counts;
}

/** BEP 48: the last path component's `announce` becomes `scrape`. */
function scrapeUrl(announceUrl: URL): URL | undefined {
  const match = /^(.*\/)announce([^/]*)$/.exec(announceUrl.pathname);
  if (!match) return undefined;
  const url = new URL(announceUrl);
  url.pathname = `${match[1]}scrape${match[2]}`;
  return url;
}

function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

async function get(
  destination: TrackerDestination,
  query: string,
  redirected: Redirected,
  signal: AbortSignal,
): Promise<{ body: Uint8Array; localAddress: IpAddress | undefined }> {
  let current = destination;
  let search = `${destination.url.search}${destination.url.search === '' ? '?' : '&'}${query}`;
  for (let hops = 0; hops <= MAX_HTTP_REDIRECTS; hops++) {
    const response = await open(current, `${current.url.pathname}${search}`, signal);
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && location !== undefined) {
      response.destroy();
      // Relative to the whole requested URL: a redirect that keeps the query repeats it.
      const next = new URL(location, new URL(`${current.url.pathname}${search}`, current.url));
      current = await redirected(next);
      search = next.search;
      continue;
    }
    const local = response.socket.localAddress;
    const body = await readBody(response);
    // Trackers send a failure reason with any status.
    if (status !== 200 && body[0] !== 0x64) throw new Error(`answered with HTTP status ${status}`);
    return { body, localAddress: local === undefined ? undefined : parseIp(local.replace(/%.*$/, '')) };
  }
  throw new Error(`redirected more than ${MAX_HTTP_REDIRECTS} times`);
}

function open(destination: TrackerDestination, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { url } = destination;
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)({
      host: formatIp(destination.address),
      port: destination.port,
      path,
      agent: false,
      signal,
      headers: {
        host: url.host,
        'user-agent': 'alias-tracker/0.1',
        'accept-encoding': 'gzip',
        connection: 'close',
        ...(url.username === '' ? {} : { authorization: basicAuthorization(url) }),
      },
      ...(secure && isIP(hostname) === 0 ? { servername: hostname } : {}),
    });
    request.on('socket', (socket) => socket.unref()); // a request in flight does not keep the process running
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}

function basicAuthorization(url: URL): string {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

async function readBody(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the response.
    if (bytes > MAX_HTTP_ANSWER_BYTES) throw new Error(`answered with more than ${MAX_HTTP_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = response.headers['content-encoding'];
  if (encoding !== 'gzip' && encoding !== 'deflate') return body;
  return unpack[encoding](body, { maxOutputLength: MAX_UNPACKED_ANSWER_BYTES });
}
