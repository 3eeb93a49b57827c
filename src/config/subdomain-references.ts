/** Every place where a configuration names a sub-domain by its id. */

import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp } from '../domain/ip-address.js';
import type { Config } from './config-schema.js';

export interface SubdomainReference {
  readonly id: string;
  readonly path: ConfigPath;
}

export function subdomainReferences({ reports, operator, billing }: Config): SubdomainReference[] {
  const caches = operator.caches.map((cache) => formatIp(cache.address));
  return [
    ...reports.probes.flatMap((probe, i) =>
      probe.subdomains.map((id, j) => ({ id, path: ['reports', 'probes', i, 'subdomains', j] })),
    ),
    ...operator.caches.flatMap((cache, i) =>
      (cache.preferredBy ?? []).map((id, j) => ({ id, path: ['operator', 'caches', i, 'preferredBy', j] })),
    ),
    ...billing.overrides.flatMap((override, i) =>
      (['requester', 'peer'] as const)
        .filter((end) => {
          const name = override[end];
          const isAs = /^AS\d+$/i.test(name);
          return !(isAs || (end === 'requester' && name === '*') || (end === 'peer' && caches.includes(name)));
        })
        .map((end) => ({ id: override[end], path: ['billing', 'overrides', i, end] })),
    ),
  ];
}
