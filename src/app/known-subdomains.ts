/** Names of sub-domains in the configuration against those that a topology has: only it knows those that come from files. */

import { formatPath } from '../config/config-problem.js';
import type { Config } from '../config/config-schema.js';
import { subdomainReferences } from '../config/subdomain-references.js';
import { suggestName } from '../config/suggest-name.js';
import { OperatorError } from '../domain/errors.js';
import type { TopologyView } from './topology-state.js';

/** @throws OperatorError with one line for each name that is not a sub-domain */
export function requireKnownSubdomains(config: Config, { subdomainIds }: Pick<TopologyView, 'subdomainIds'>): void {
  const known = [...subdomainIds];
  const problems = subdomainReferences(config)
    .filter(({ id }) => !subdomainIds.has(id))
    .map(({ id, path }) => {
      const near = suggestName(id, known);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return `${formatPath(path)}: "${id}" is not a sub-domain of the address plan${hint}`;
    });
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
}
