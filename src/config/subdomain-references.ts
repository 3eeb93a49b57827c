/** Every place where a configuration names a sub-domain by its id. */
import type { Report, SubdomainReference } from '../config-kit/config-part.js';
import { suggestName } from '../config-kit/suggest-name.js';
import type { Config } from './config-schema.js';
import { CONFIG_PARTS } from './parts.js';

export function subdomainReferences(config: Config): SubdomainReference[] {
  return CONFIG_PARTS.flatMap(({ subdomains }) => subdomains?.(config) ?? []);
}

export function knownSubdomainsOnly(config: Config, report: Report): void {
  const { subdomains } = config.operator;
  // Sub-domains from a file are not known here; the topology loader checks those.
  if ('file' in subdomains) return;
  const known = subdomains.map(({ id }) => id);
  for (const { id, path } of subdomainReferences(config)) {
    if (known.includes(id)) continue;
    const near = suggestName(id, known);
    const hint = near === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
    report(path, `"${id}" is not a sub-domain of operator.subdomains; ${hint}`);
  }
}
