/** Checks names of sub-domains in the configuration against the topology, which also has the sub-domains from files. */

import type { Config } from '../config/config-schema.js';
import { subdomainReferences } from '../config/subdomain-references.js';
import { formatPath } from '../config-kit/config-problem.js';
import { suggestName } from '../config-kit/suggest-name.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { OperatorError } from '../domain/errors.js';
import type { TopologyView } from '../topology/topology-state.js';

type Known = Pick<TopologyView, 'subdomainIds'>;

export function unknownSubdomains(config: Config, { subdomainIds }: Known): { path: ConfigPath; message: string }[] {
  return subdomainReferences(config)
    .filter(({ id }) => !subdomainIds.has(id))
    .map(({ id, path }) => {
      const near = suggestName(id, [...subdomainIds]);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return { path, message: `"${id}" is not a sub-domain of the address plan${hint}` };
    });
}

/** @throws OperatorError with one line for each name that is not a sub-domain */
export function requireKnownSubdomains(config: Config, known: Known): void {
  const problems = unknownSubdomains(config, known).map(({ path, message }) => `${formatPath(path)}: ${message}`);
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
}
