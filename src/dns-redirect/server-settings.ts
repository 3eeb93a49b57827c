/** The settings of the DNS server, except its addresses. All of them can change while it runs. */
import type { Prefix } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import type { RedirectPolicy } from './redirect-policy.js';
import type { RateRules } from './serve/client-rates.js';

export interface ServerSettings {
  readonly policy: RedirectPolicy;
  /** See `NameCounters`: of the names of the policy. */
  readonly nameCounters: SharedArrayBuffer;
  /** In the order of preference. */
  readonly upstreamResolvers: readonly Endpoint[];
  /** Whose queries are answered at all. */
  readonly allowQueries: readonly Prefix[];
  readonly rates: RateRules;
  /** The size of the cache for answers of upstream resolvers; 0: no cache. */
  readonly cacheBytes: number;
}
