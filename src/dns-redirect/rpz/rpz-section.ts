/** `dnsRedirect.rpz` of the configuration: the RPZ server, its zones, and the resolvers that take them. */
import { z } from 'zod';
import { endpoint } from '../../config-kit/address-schemas.js';
import type { DeepReadonly, Report } from '../../config-kit/config-part.js';
import { durationInSeconds, flag, hostName, section } from '../../config-kit/field-schemas.js';
import { namesAreUnique } from '../../config-kit/unique-names.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { nameFromText } from '../wire/domain-name.js';
import { fitsInZone } from './compile-zones.js';
import { TSIG_ALGORITHMS } from './tsig.js';

const DNS_PORT = 53;
/** RFC 8945 section 8: a secret should be as long as the digest; shorter than this it can be guessed offline. */
const MIN_SECRET_BYTES = 16;

/** Its message never repeats the secret. */
const secret = z
  .string({ error: 'expected the secret in Base64, from an environment variable rather than in the file' })
  .refine((text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length >= MIN_SECRET_BYTES, {
    error: `a secret is Base64 of at least ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 32`,
  });

const algorithm = z.enum(TSIG_ALGORITHMS, { error: `expected ${TSIG_ALGORITHMS.join(', ')}` });
const parity = z.enum(['any', 'even', 'odd'], { error: 'expected any, even or odd' });

export const rpzSchema = section({
  listen: z
    .array(endpoint(DNS_PORT), { error: 'expected a list of addresses to listen on' })
    .min(1, { error: 'give at least one address to listen on' }),
  zone: hostName.prefault('rpz.alias-tracker'),
  exemptZone: hostName.prefault('rpz-exempt.alias-tracker'),
  secondaries: z
    .array(section({ address: endpoint(DNS_PORT), key: hostName.optional(), notify: flag.prefault(true) }))
    .prefault([]),
  keys: z.array(section({ name: hostName, algorithm: algorithm.prefault('hmac-sha256'), secret })).prefault([]),
  expire: durationInSeconds('2m', '7d', '10m'),
  serials: parity.prefault('any'),
}).optional();

export type RpzSection = NonNullable<DeepReadonly<z.output<typeof rpzSchema>>>;

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
