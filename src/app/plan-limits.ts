/**
 * What the operator's plan allows a node to say of itself: the uplink of its line, and whether it is one of the caches. A
 * cache stands in a sub-domain but not on a line of its customers, so the customers' limit is not the cache's.
 */
import type { Config } from '../config/config-schema.js';
import { formatIp } from '../domain/ip-address.js';
import type { PlanLimits } from '../reports/accept-capability-report.js';
import { createSubdomainLookup } from '../reports/collectors/subdomain-lookup.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';

/** Compiled: it is asked for every report. @param subdomains of the configuration and of its files */
export function planLimits(
  { operator, reports }: Config,
  subdomains: readonly SubdomainPrefixes[],
): Omit<PlanLimits, 'isInner'> {
  const caches = new Map(operator.caches.map(({ address, uplinkBpsMax }) => [formatIp(address), uplinkBpsMax]));
  // A sub-domain out of a file may have several plans: each entry is looked up as itself.
  const lookup = createSubdomainLookup(subdomains.map(({ prefixes }, i) => ({ id: String(i), prefixes })));
  return {
    isCache: (address) => caches.has(address),
    uplinkBpsMax: (address) => {
      if (caches.has(address)) return caches.get(address) ?? reports.uplinkBpsMax;
      const entry = lookup(address);
      return (entry && subdomains[Number(entry.subdomain)]?.uplinkBpsMax) ?? reports.uplinkBpsMax;
    },
  };
}
