/**
 * What the original of a redirected name offers its users: addresses, mail, a signed zone, HTTPS (draft section 4.2: the
 * redirection must not take it away). It is looked up with resolvers that do not redirect, and connected to only where the
 * rules for strangers' addresses allow it.
 */
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:tls';
import { errorCodeOf } from '../../domain/errors.js';
import { formatIp, type IpAddress, parseIp } from '../../domain/ip-address.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import { askDns } from '../ask-dns.js';
import { FLAG_TRUNCATED, TYPE_DS } from '../wire/dns-codes.js';
import { nameFromText, nameToText, parentOf, ROOT_NAME } from '../wire/domain-name.js';

/** Each is undefined if it is not known. */
export interface OriginalFacts {
  readonly ipv4: readonly IpAddress[] | undefined;
  readonly ipv6: readonly IpAddress[] | undefined;
  /** Whether mail to `user@name` has a server of its own (MX), or `null` MX that refuses mail. */
  readonly hasMx: boolean | undefined;
  readonly cname: string | undefined;
  readonly texts: readonly string[] | undefined;
  /** The nearest zone with a DS record at its parent, of those below the top-level domain; null: none. */
  readonly signedZone: string | null | undefined;
  readonly https: HttpsFacts | undefined;
}

export interface HttpsFacts {
  readonly answers: boolean;
  /** Browsers that were there before refuse plain HTTP (RFC 6797). */
  readonly hsts: boolean;
}

export interface FactsNeeds {
  /** At least one; they must not redirect. */
  readonly resolvers: readonly Endpoint[];
  /** Why nothing may connect there; undefined if it may. */
  readonly blockedReason: (address: IpAddress, port: number) => string | undefined;
}

const TIMEOUT_MS = 4_000;
const HTTPS_PORT = 443;
const MAX_HEAD_BYTES = 16_384;
/** The name, or the type at it, does not exist. Everything else is a failure of the resolver. */
const ABSENT = ['ENODATA', 'ENOTFOUND'];

/** Never rejects. */
export async function originalFacts(name: string, { resolvers, blockedReason }: FactsNeeds): Promise<OriginalFacts> {
  const client = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  client.setServers(resolvers.map(formatEndpoint));
  const [ipv4, ipv6, mx, cname, texts, signedZone] = await Promise.all([
    found(client.resolve4(name)),
    found(client.resolve6(name)),
    found(client.resolveMx(name)),
    found(client.resolveCname(name)),
    found(client.resolveTxt(name)),
    signedZoneOf(name, resolvers[0]!),
  ]);
  const addresses = { ipv4: ipv4?.map(parseIp), ipv6: ipv6?.map(parseIp) };
  const https = await httpsAt(name, [...(addresses.ipv4 ?? []), ...(addresses.ipv6 ?? [])], blockedReason);
  return {
    ...addresses,
    hasMx: mx && mx.length > 0,
    cname: cname?.[0],
    texts: texts?.map((parts) => parts.join('')),
    signedZone,
    https,
  };
}

async function found<T>(answer: Promise<T[]>): Promise<T[] | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    return ABSENT.includes(errorCodeOf(thrown) ?? '') ? [] : undefined;
  }
}

async function signedZoneOf(text: string, resolver: Endpoint): Promise<string | null | undefined> {
  // A top-level domain is signed for all; what counts is whether the names below it can be validated.
  for (let name = nameFromText(text); name !== ROOT_NAME && parentOf(name) !== ROOT_NAME; name = parentOf(name)) {
    // Node.js has no look-up of DS records.
    const answer = await askDns(resolver, nameToText(name), TYPE_DS, { timeoutMs: TIMEOUT_MS });
    if (answer === undefined) return undefined;
    if ((answer.flags & FLAG_TRUNCATED) !== 0 || answer.answers.some(({ type }) => type === TYPE_DS)) {
      return nameToText(name);
    }
  }
  return null;
}

/** @returns undefined if nothing may connect there. Never rejects */
export async function httpsAt(
  name: string,
  addresses: readonly IpAddress[],
  blockedReason: FactsNeeds['blockedReason'],
  port = HTTPS_PORT,
): Promise<HttpsFacts | undefined> {
  const allowed = addresses.filter((address) => blockedReason(address, port) === undefined);
  if (allowed.length === 0) return undefined;
  for (const address of allowed.slice(0, 2)) {
    const head = await headOverTls(name, address, port);
    if (head !== undefined) {
      const hsts = /^strict-transport-security:.*max-age="?([1-9]\d*)/im.test(head);
      return { answers: true, hsts };
    }
  }
  return { answers: false, hsts: false };
}

/** @returns the head of the answer; undefined if there is none */
function headOverTls(name: string, address: IpAddress, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Whether browsers accept the certificate does not matter here: they would get as far as the original.
    const options = { host: formatIp(address), port, servername: name, rejectUnauthorized: false };
    const socket = connect(options, () => {
      socket.write(`HEAD / HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: alias-tracker-check\r\nConnection: close\r\n\r\n`);
    });
    let head = '';
    const end = (result: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end(undefined), TIMEOUT_MS);
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(head.startsWith('HTTP/') ? head : undefined));
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (head.includes('\r\n\r\n') || head.length > MAX_HEAD_BYTES) end(head);
    });
  });
}
