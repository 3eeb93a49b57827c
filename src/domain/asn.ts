/** Autonomous system numbers, 32 bits (RFC 6793). */
import { ClientError } from './errors.js';

export type Asn = number & { readonly __brand: 'Asn' };

/** Accepts `64500` and `AS64500`. @throws ClientError `invalid-value` */
export function parseAsn(value: number | string): Asn {
  const number =
    typeof value === 'number' ? value : /^(AS)?\d{1,10}$/i.test(value) ? Number(value.replace(/^AS/i, '')) : -1;
  if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) {
    throw new ClientError('invalid-value', `"${String(value).slice(0, 40)}" is not an AS number (0 to 4294967295)`);
  }
  return number as Asn;
}
