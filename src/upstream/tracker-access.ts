/**
 * Finds the address at which an original tracker may be asked. The announce URL is a stranger's. Its name is resolved past
 * the redirected DNS, and an address of this installation is refused: otherwise the alias tracker would announce to itself
 * and hand out its own peers as foreign ones. Addresses inside the operator's network are refused too (`outbound-rules.ts`).
 */
import { messageOf } from '../domain/errors.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import { OwnAddresses, type OwnEndpoint } from '../domain/own-addresses.js';
import { allowedAddresses, literalAddress } from '../net/allowed-addresses.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import type { TrackerDestination } from './tracker-contact.js';
import { parseTrackerPreferences } from './tracker-preferences.js';

export type AccessDenial =
  | 'bad-url'
  | 'unsupported-protocol'
  | 'unresolvable'
  | 'own-address'
  | 'blocked-address'
  | 'denied-by-tracker';

/** The tracker must not or cannot be asked. The message is for the log. */
export class AccessDenied extends Error {
  constructor(
    readonly reason: AccessDenial,
    message: string,
  ) {
    super(message);
    this.name = 'AccessDenied';
  }
}

export interface TrackerAccessOptions {
  readonly resolver: NameResolver;
  /** Called for each tracker, because a listener on port 0 learns its port late. Literal addresses, no wildcards. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** Which addresses are not connected to, and why. */
  readonly blockedReason: BlockedReason;
  readonly lab: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'udp:': 80 };

/** Of this machine, in a lab. Resolvers do not answer for it (RFC 6761 section 6.3). */
const LOOPBACK_NAME = 'localhost';

export class TrackerAccess {
  readonly #options: TrackerAccessOptions;

  constructor(options: TrackerAccessOptions) {
    this.#options = options;
  }

  /**
   * @param family preferred; the other one if the tracker has no address of this family
   * @throws AccessDenied
   */
  async destinationOf(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    const port = trackerPort(url);
    const { hostname } = url;
    const addresses = await this.#resolve(hostname);
    const own = this.ownAddresses();
    for (const address of addresses) {
      // One own address among several is enough: then the name belongs to this installation.
      if (own.has(address, port)) {
        throw new AccessDenied(
          'own-address',
          `${url.host} resolves to ${formatIp(address)}, which is this alias tracker; set upstream.resolvers to a resolver that does not redirect`,
        );
      }
    }
    const result = allowedAddresses(addresses, port, this.#options.blockedReason);
    if ('blocked' in result) throw new AccessDenied('blocked-address', `${url.host} ${result.blocked}`);
    await this.#respectPreferences(url, hostname, port);
    return { url, port, address: result.allowed.find((address) => address.family === family) ?? result.allowed[0]! };
  }

  /** For a URL that a tracker redirected to. @throws AccessDenied */
  async redirectDestination(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    if (url.protocol === 'udp:') throw new AccessDenied('unsupported-protocol', 'redirected from HTTP to UDP');
    return this.destinationOf(parseTrackerUrl(url.href), family);
  }

  ownAddresses(): OwnAddresses {
    return new OwnAddresses(this.#options.ownEndpoints());
  }

  async #resolve(hostname: string): Promise<readonly IpAddress[]> {
    const literal = literalAddress(hostname);
    if (literal !== undefined) return [literal];
    if (this.#options.lab && hostname === LOOPBACK_NAME) return [parseIp('127.0.0.1')];
    try {
      return await this.#options.resolver.addresses(hostname);
    } catch (thrown) {
      throw new AccessDenied('unresolvable', messageOf(thrown));
    }
  }

  /** BEP 34. Uses the port of the URL, as clients of the torrent do; the record only confirms it. */
  async #respectPreferences(url: URL, hostname: string, port: number): Promise<void> {
    if (literalAddress(hostname) !== undefined) return;
    const preferences = parseTrackerPreferences(await this.#options.resolver.texts(hostname));
    const protocol = url.protocol === 'udp:' ? 'udp' : 'tcp';
    if (preferences === undefined) return;
    if (!preferences.allowed.some((each) => each.protocol === protocol && each.port === port)) {
      throw new AccessDenied(
        'denied-by-tracker',
        `${hostname} denies ${protocol} port ${port} by its BITTORRENT record`,
      );
    }
  }
}

/** @throws AccessDenied */
export function parseTrackerUrl(text: string): URL {
  // URL neither checks nor lower-cases the host of `udp:`, which is not a special scheme; for http it does.
  const udp = /^udp:\/\//i.test(text);
  let url: URL;
  try {
    url = new URL(udp ? text.replace(/^udp/i, 'http') : text);
  } catch {
    throw new AccessDenied('bad-url', `"${text.slice(0, 100)}" is not a URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AccessDenied('unsupported-protocol', `${url.protocol.slice(0, 20)} trackers are not asked`);
  }
  if (!udp) return url;
  const asUdp = new URL(`udp://${url.host}${url.pathname}${url.search}`);
  // URL drops port 80 of `http:`, because it is the default.
  if (asUdp.port === '') asUdp.port = '80';
  return asUdp;
}

/** The key of a tracker for back-off and logs. */
export function trackerName(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function trackerPort(url: URL): number {
  return url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port);
}
