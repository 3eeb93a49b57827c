/**
 * What a node may report about itself, by the operator's address plan: the uplink of its line, and whether it is a cache. A
 * cache is in a sub-domain, but not on a customer's line, so the limit of the customers does not apply to it.
 */
import { formatIp } from '../domain/ip-address.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';
import type { CapabilityLimits } from './accept-capability-report.js';
import { createSubdomainLookup } from './collectors/subdomain-lookup.js';
import type { ReportsConfig } from './section.js';

/** Compiled, because each report needs it. @param subdomains of the configuration and of its files */
export function capabilityLimits(
  { operator, reports }: ReportsConfig,
  subdomains: readonly SubdomainPrefixes[],
): Omit<CapabilityLimits, 'isInner'> {
  const caches = new Map(operator.caches.map(({ address, uplinkBpsMax }) => [formatIp(address), uplinkBpsMax]));
  // A sub-domain from a file may have several plans, so each entry has a key of its own.
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
