/** Rules between the keys of `billing` and `selection`. */
import type { Report, SubdomainReference } from '../config-kit/config-part.js';
import { suggestName } from '../config-kit/suggest-name.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp } from '../domain/ip-address.js';
import type { PolicyConfig } from './section.js';

function billingNamesAndChoices(config: PolicyConfig, report: Report): void {
  const known = config.billing.neighbours.map((neighbour) => neighbour.name);
  config.billing.schedule.forEach((entry, i) => {
    entry.neighbours?.forEach((name, j) => {
      if (known.includes(name)) return;
      const near = suggestName(name, known);
      const hint = near === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
      report(['billing', 'schedule', i, 'neighbours', j], `"${name}" is not a name of billing.neighbours; ${hint}`);
    });
  });
  config.billing.overrides.forEach((override, i) => {
    if (override.treatAs !== 'foreign' && override.ratePerGigabyte !== undefined) {
      report(['billing', 'overrides', i, 'ratePerGigabyte'], 'has a meaning only with treatAs: foreign');
    }
  });
  const owner = new Map<number, string>();
  config.billing.neighbours.forEach((neighbour, i) => {
    neighbour.asns.forEach((asn, j) => {
      const other = owner.get(asn);
      const path: ConfigPath = ['billing', 'neighbours', i, 'asns', j];
      if (other !== undefined) report(path, `AS${asn} already has a rate as "${other}"; give it one`);
      owner.set(asn, neighbour.name);
      if (config.operator.networks.some((network) => network.asn === asn)) {
        report(path, `AS${asn} is the operator's own (operator.networks); traffic to it is not billed`);
      }
    });
  });
}

export function mixIsPossible(config: PolicyConfig, report: Report): void {
  const { foreignPeersMin, foreignPeersMax, capabilityWeight, densityWeight } = config.selection;
  if (foreignPeersMin > foreignPeersMax) {
    report(['selection', 'foreignPeersMin'], `${foreignPeersMin} is more than foreignPeersMax (${foreignPeersMax})`);
  }
  if (capabilityWeight + densityWeight === 0) {
    report(['selection', 'capabilityWeight'], 'capabilityWeight and densityWeight are both 0; one must count');
  }
  config.billing.schedule.forEach((entry, i) => {
    const minimum = entry.foreignPeersMin ?? foreignPeersMin;
    const maximum = entry.foreignPeersMax ?? foreignPeersMax;
    if (minimum <= maximum) return;
    const message = `in "${entry.name}" foreignPeersMin (${minimum}) is more than foreignPeersMax (${maximum})`;
    report(['billing', 'schedule', i], message);
  });
}

function periodNamesDiffer({ billing }: PolicyConfig, report: Report): void {
  namesAreUnique(
    ['billing', 'schedule'],
    'name',
    billing.schedule.map((each) => each.name),
    report,
  );
}

export const billingChecks = [billingNamesAndChoices, periodNamesDiffer] as const;

/** Of overrides. Each side may also be an AS; a requester `*`, a peer a cache. */
export function overriddenSubdomains({ billing, operator }: PolicyConfig): SubdomainReference[] {
  const caches = operator.caches.map((cache) => formatIp(cache.address));
  return billing.overrides.flatMap((override, i) =>
    (['requester', 'peer'] as const)
      .filter((end) => {
        const name = override[end];
        const isAs = /^AS\d+$/i.test(name);
        return !(isAs || (end === 'requester' && name === '*') || (end === 'peer' && caches.includes(name)));
      })
      .map((end) => ({ id: override[end], path: ['billing', 'overrides', i, end] })),
  );
}
