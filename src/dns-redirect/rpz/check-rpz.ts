/** What a configuration of the RPZ server lacks, and what zones cannot express. */
import type { Report } from '../../config-kit/config-part.js';
import { namesAreUnique } from '../../config-kit/unique-names.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { nameFromText } from '../wire/domain-name.js';
import { fitsInZone } from './compile-zones.js';
import type { RpzSection } from './rpz-section.js';

interface CheckedConfig {
  readonly dnsRedirect?:
    | {
        readonly sites: readonly { readonly name: string }[];
        readonly trackers: readonly { readonly name: string }[];
        readonly upstreamResolvers: readonly unknown[];
        readonly rpz?: RpzSection | undefined;
      }
    | undefined;
  readonly upstream: { readonly resolvers: readonly unknown[] };
}

export function rpzIsComplete({ dnsRedirect, upstream }: CheckedConfig, report: Report): void {
  const rpz = dnsRedirect?.rpz;
  if (dnsRedirect === undefined || rpz === undefined) return;
  const path = ['dnsRedirect', 'rpz'];
  if (upstream.resolvers.length === 0 && dnsRedirect.upstreamResolvers.length === 0) {
    report(
      path,
      'needs upstream.resolvers, which do not redirect: MX, TXT and CAA records of the originals are copied into the zone, or their mail would be lost',
    );
  }
  if (rpz.zone === rpz.exemptZone)
    report([...path, 'exemptZone'], `"${rpz.zone}" is the other zone; give it another name`);
  if (rpz.onStop === 'withdraw' && rpz.serials !== 'any') {
    report(
      [...path, 'onStop'],
      'withdraw would empty the zone that the other alias tracker serves as well; write keep, or leave the key out',
    );
  }
  namesAreUnique(
    [...path, 'keys'],
    'name',
    rpz.keys.map(({ name }) => name),
    report,
  );
  const places = rpz.secondaries.map(({ address }) => formatEndpoint(address));
  rpz.secondaries.forEach(({ key }, i) => {
    if (key !== undefined && !rpz.keys.some(({ name }) => name === key)) {
      report([...path, 'secondaries', i, 'key'], `"${key}" is not in dnsRedirect.rpz.keys; add it there`);
    }
    if (places.indexOf(places[i]!) < i) report([...path, 'secondaries', i, 'address'], `${places[i]} is listed twice`);
  });
  for (const kind of ['sites', 'trackers'] as const) {
    dnsRedirect[kind].forEach(({ name }, i) => {
      const longest = kind === 'sites' ? `www.${name}` : name;
      if (!fitsInZone(longest, nameFromText(rpz.zone))) {
        report(['dnsRedirect', kind, i], `"${name}" is too long below ${rpz.zone}; shorten dnsRedirect.rpz.zone`);
      }
    });
  }
}

/** A zone cannot choose a part of the clients by a hash, and would redirect all of them. */
export function zonesHaveNoPercentage({
  dnsRedirect,
}: {
  readonly dnsRedirect?: { readonly percent: number; readonly rpz?: object | undefined } | undefined;
}): string[] {
  if (dnsRedirect?.rpz === undefined || dnsRedirect.percent === 100) return [];
  return [
    'dnsRedirect.percent: response policy zones cannot choose a percentage of the clients, so they redirect nobody while it is below 100; choose clients by dnsRedirect.clients',
  ];
}
