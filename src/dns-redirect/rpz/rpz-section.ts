/** `dnsRedirect.rpz` of the configuration: the RPZ server, its zones, and the resolvers that take them. */
import { z } from 'zod';
import { endpoint } from '../../config-kit/address-schemas.js';
import type { DeepReadonly } from '../../config-kit/config-part.js';
import { durationInSeconds, flag, hostName, section } from '../../config-kit/field-schemas.js';
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
const onStop = z.enum(['withdraw', 'keep'], { error: 'expected withdraw or keep' });

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
  onStop: onStop.optional(),
}).optional();

export type RpzSection = NonNullable<DeepReadonly<z.output<typeof rpzSchema>>>;

/** Even or odd serials mean that another alias tracker serves the same resolvers, and continues while this one is down. */
export function withdrawsAtExit({ onStop: chosen, serials }: RpzSection): boolean {
  return (chosen ?? (serials === 'any' ? 'withdraw' : 'keep')) === 'withdraw';
}
