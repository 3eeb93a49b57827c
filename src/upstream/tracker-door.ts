/**
 * From an announce URL, written by strangers, to an address that may be asked: resolved past the redirected DNS, and never
 * ourselves. Without that check a redirected tracker name would make the alias tracker announce to itself and hand its own
 * peers out as foreign ones. Machines inside are closed too: strangers must not make this one ask them.
 */
import { messageOf } from '../domain/errors.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import { OwnAddresses, type OwnEndpoint } from '../domain/own-addresses.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { ClosedBecause } from '../net/outbound-rules.js';
import type { TrackerDestination } from './tracker-contact.js';
import { parseTrackerPreferences } from './tracker-preferences.js';

export type DoorVerdict =
  | 'bad-url'
  | 'unsupported-protocol'
  | 'unresolvable'
  | 'own-address'
  | 'closed-address'
  | 'denied-by-tracker';

/** The tracker must not or cannot be asked; the message is for the log. */
export class DoorClosed extends Error {
  constructor(
    readonly verdict: DoorVerdict,
    message: string,
  ) {
    super(message);
    this.name = 'DoorClosed';
  }
}

export interface TrackerDoorOptions {
  readonly resolver: NameResolver;
  /** Asked each time, since listeners on port 0 learn theirs late. Literal addresses, no wildcards. */
  readonly ownEndpoints: () => readonly OwnEndpoint[];
  /** Where nothing is asked, and why. */
  readonly closedBecause: ClosedBecause;
  readonly lab: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'udp:': 80 };

/** A lab name for this machine that no resolver knows (RFC 6761 section 6.3). */
const LOOPBACK_NAME = 'localhost';

export class TrackerDoor {
  constructor(private readonly options: TrackerDoorOptions) {}

  /**
   * @param family preferred; the other one where the tracker has no address of it
   * @throws DoorClosed
   */
  async open(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    const port = trackerPort(url);
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const addresses = await this.resolve(hostname);
    const own = this.ownAddresses();
    for (const address of addresses) {
      // One own address among several is enough: the name is ours.
      if (own.has(address, port)) {
        throw new DoorClosed(
          'own-address',
          `${url.host} resolves to ${formatIp(address)}, which is this alias tracker; set upstream.resolvers to a resolver that does not redirect`,
        );
      }
    }
    const reasons = addresses.map((address) => this.options.closedBecause(address, port));
    const usable = addresses.filter((_, i) => reasons[i] === undefined);
    if (usable.length === 0) {
      throw new DoorClosed('closed-address', `${url.host} resolves to ${formatIp(addresses[0]!)}, which ${reasons[0]}`);
    }
    await this.respectPreferences(url, hostname, port);
    return { url, port, address: usable.find((address) => address.family === family) ?? usable[0]! };
  }

  /** For a URL that a tracker redirected to. @throws DoorClosed */
  async openRedirected(url: URL, family: 4 | 6): Promise<TrackerDestination> {
    if (url.protocol === 'udp:') throw new DoorClosed('unsupported-protocol', 'redirected from HTTP to UDP');
    return this.open(parseTrackerUrl(url.href), family);
  }

  ownAddresses(): OwnAddresses {
    return new OwnAddresses(this.options.ownEndpoints());
  }

  private async resolve(hostname: string): Promise<readonly IpAddress[]> {
    const literal = literalAddress(hostname);
    if (literal !== undefined) return [literal];
    if (this.options.lab && hostname === LOOPBACK_NAME) return [parseIp('127.0.0.1')];
    try {
      return await this.options.resolver.addresses(hostname);
    } catch (thrown) {
      throw new DoorClosed('unresolvable', messageOf(thrown));
    }
  }

  /** BEP 34. The port of the URL stays: clients of the torrent use it, and the record only confirms it. */
  private async respectPreferences(url: URL, hostname: string, port: number): Promise<void> {
    if (literalAddress(hostname) !== undefined) return;
    const preferences = parseTrackerPreferences(await this.options.resolver.texts(hostname));
    const protocol = url.protocol === 'udp:' ? 'udp' : 'tcp';
    if (preferences === undefined) return;
    if (!preferences.allowed.some((each) => each.protocol === protocol && each.port === port)) {
      throw new DoorClosed('denied-by-tracker', `${hostname} denies ${protocol} port ${port} by its BITTORRENT record`);
    }
  }
}

/** @throws DoorClosed */
export function parseTrackerUrl(text: string): URL {
  // URL treats `udp:` as a foreign scheme, whose host it does not lower-case or check; as http it does.
  const udp = /^udp:\/\//i.test(text);
  let url: URL;
  try {
    url = new URL(udp ? text.replace(/^udp/i, 'http') : text);
  } catch {
    throw new DoorClosed('bad-url', `"${text.slice(0, 100)}" is not a URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new DoorClosed('unsupported-protocol', `${url.protocol.slice(0, 20)} trackers are not asked`);
  }
  if (!udp) return url;
  const asUdp = new URL(`udp://${url.host}${url.pathname}${url.search}`);
  // `http://…:80` loses its port as the default one.
  if (asUdp.port === '') asUdp.port = '80';
  return asUdp;
}

/** What back-off and logs know a tracker by. */
export function trackerName(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function trackerPort(url: URL): number {
  return url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port);
}

function literalAddress(hostname: string): IpAddress | undefined {
  try {
    return parseIp(hostname);
  } catch {
    return undefined;
  }
}
