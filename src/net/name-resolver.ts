/**
 * Resolves names of other people's machines at resolvers that the operator names. The machine's own resolver may redirect
 * the names of original trackers to the alias tracker. Answers are cached for their time to live, within bounds.
 */
import { getServers } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import { type Endpoint, formatEndpoint, parseEndpoint } from './endpoint.js';
import { DNS_CACHE_MAX_SECONDS, DNS_CACHE_MIN_SECONDS, DNS_TIMEOUT_MS, MAX_DNS_CACHE_ENTRIES } from './limits.js';

export interface NameResolver {
  /** Both families, IPv4 first; never empty. @throws Error if the name has no address, or no resolver answers */
  addresses(hostname: string): Promise<readonly IpAddress[]>;
  /** TXT records, the strings of each concatenated. Empty if the name has none, or no resolver answers. */
  texts(hostname: string): Promise<readonly string[]>;
}

interface Cached<T> {
  readonly value: Promise<T>;
  expiresMs: number;
}

const DNS_PORT = 53;

/** The resolvers of this machine. They may redirect names, so they are the last choice. */
export function systemResolvers(): Endpoint[] {
  return getServers().flatMap((server) => parseEndpoint(server, DNS_PORT) ?? []);
}

/** @param resolvers at least one. There is no default, because {@link systemResolvers} may redirect */
export function createNameResolver(resolvers: readonly Endpoint[], clock: Clock): NameResolver {
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

/** Failures are cached too, for the shortest time, so that many announces with a dead name cost one query. */
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
