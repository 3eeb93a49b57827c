/** Rules between the keys of `billing` and `selection`. */
import type { Report, SubdomainReference } from '../config-kit/config-part.js';
import { formatPath } from '../config-kit/config-problem.js';
import { suggestName } from '../config-kit/suggest-name.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import { formatDuration } from '../config-kit/units.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp } from '../domain/ip-address.js';
import type { PolicyConfig } from './section.js';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

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

/** A ramp is cut to half of its period (`border-limits`). */
export function rampsFitPeriods({ billing }: PolicyConfig): string[] {
  const limitsOf = (e: PolicyConfig['billing']['schedule'][number]) =>
    e.foreignPeersMin ?? e.foreignPeersMax ?? e.foreignPeersWhenNoInnerSeed ?? e.gatewaysMax;
  // Rates do not ramp.
  if (!billing.schedule.some((entry) => limitsOf(entry) !== undefined)) return [];
  return billing.schedule.flatMap((entry, i) => {
    const periodMs = lengthOf(entry) * MINUTE_MS;
    const rampForMs = entry.rampForMs ?? billing.rampForMs;
    if (2 * rampForMs <= periodMs) return [];
    return [
      `${formatPath(['billing', 'schedule', i])}: "${entry.name}" lasts ${formatDuration(periodMs)} and its ramps ${formatDuration(rampForMs)} each, so both are cut to half of it and its limits hold for a moment only; set its rampFor to ${formatDuration(Math.floor(periodMs / 4))} or less, or 0s`,
    ];
  });
}

function lengthOf({ fromMinutes, toMinutes }: PolicyConfig['billing']['schedule'][number]): number {
  return (toMinutes - fromMinutes + 2 * DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
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
