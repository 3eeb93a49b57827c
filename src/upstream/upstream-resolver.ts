/**
 * Resolves the names of original trackers past the redirected DNS, at resolvers that the operator names: the machine's own
 * resolver would redirect them to the alias tracker itself. Answers are kept for their time to live, within bounds.
 */
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../domain/clock.js';
import { type Endpoint, formatEndpoint } from '../domain/endpoint.js';
import { messageOf } from '../domain/errors.js';
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import { DNS_CACHE_MAX_SECONDS, DNS_CACHE_MIN_SECONDS, DNS_TIMEOUT_MS, MAX_DNS_CACHE_ENTRIES } from './limits.js';

export interface UpstreamResolver {
  /** Both families, IPv4 first; never empty. @throws Error where the name has no address or no resolver answers */
  addresses(hostname: string): Promise<readonly IpAddress[]>;
  /** TXT records, each joined; empty where there are none or none can be had. */
  texts(hostname: string): Promise<readonly string[]>;
}

interface Cached<T> {
  readonly value: Promise<T>;
  expiresMs: number;
}

/** @param resolvers at least one; the system's own is deliberately no default */
export function createUpstreamResolver(resolvers: readonly Endpoint[], clock: Clock): UpstreamResolver {
  const client = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 });
  client.setServers(resolvers.map(formatEndpoint));
  const addressCache = new Map<string, Cached<readonly IpAddress[]>>();
  const textCache = new Map<string, Cached<readonly string[]>>();

  const lookUp = async (hostname: string): Promise<{ value: readonly IpAddress[]; ttlSeconds: number }> => {
    const results = await Promise.allSettled([
      client.resolve4(hostname, { ttl: true }),
      client.resolve6(hostname, { ttl: true }),
    ]);
    const records = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (records.length === 0) {
      const failure = results.find((result) => result.status === 'rejected');
      throw new Error(`cannot resolve ${hostname}: ${failure ? messageOf(failure.reason) : 'no address'}`);
    }
    return {
      value: records.map((record) => parseIp(record.address)),
      ttlSeconds: Math.min(...records.map((record) => record.ttl)),
    };
  };

  return {
    addresses: (hostname) => remember(addressCache, hostname, clock, () => lookUp(hostname)),
    texts: (hostname) =>
      remember(textCache, hostname, clock, async () => {
        const records = await client.resolveTxt(hostname).catch(() => []);
        return { value: records.map((parts) => parts.join('')), ttlSeconds: DNS_CACHE_MAX_SECONDS };
      }),
  };
}

/** Failures are kept too, for the shortest time, so that a dead name costs one look-up. */
function remember<T>(
  cache: Map<string, Cached<T>>,
  key: string,
  clock: Clock,
  find: () => Promise<{ value: T; ttlSeconds: number }>,
): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined && known.expiresMs > clock.nowMs()) return known.value;
  if (cache.size >= MAX_DNS_CACHE_ENTRIES) cache.clear();
  const found = find();
  const entry: Cached<T> = {
    value: found.then(({ value }) => value),
    expiresMs: clock.nowMs() + DNS_CACHE_MIN_SECONDS * 1_000,
  };
  cache.set(key, entry);
  found.then(
    ({ ttlSeconds }) => {
      const seconds = Math.min(DNS_CACHE_MAX_SECONDS, Math.max(DNS_CACHE_MIN_SECONDS, ttlSeconds));
      entry.expiresMs = clock.nowMs() + seconds * 1_000;
    },
    () => {},
  );
  return entry.value;
}
