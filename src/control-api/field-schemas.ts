/** Schemas of fields and answers that several parts use in their calls. Units are in the names. */
import { z } from 'zod';
import { messageOf } from '../domain/errors.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import { MAX_LIST_ROWS, MAX_NAME_CHARACTERS } from './limits.js';

export const name = z.string().min(1).max(MAX_NAME_CHARACTERS);
export const count = z.int().min(0);
export const port = z.int().min(1).max(65_535);
export const share = z.number().min(0).max(1);
/** A duration or an age. */
export const seconds = z.number().min(0);
/** RFC 3339 with its offset. */
export const time = z.iso.datetime({ offset: true }).meta({ example: '2026-11-22T10:00:00Z' });

/** Of a request, in either case. */
export const infoHash = z
  .string()
  .regex(/^[0-9a-fA-F]{40}$/, { error: 'an info-hash is 40 hexadecimal digits' })
  .meta({ example: 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a' });
/** Of an answer. */
export const lowerCaseInfoHash = z.string().regex(/^[0-9a-f]{40}$/);

/** An address in any spelling. {@link canonicalAddress} gives the one spelling that is compared. */
export const address = z
  .string()
  .superRefine((text, context) => {
    try {
      parseIp(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: messageOf(thrown) });
    }
  })
  .meta({ example: '203.0.113.10' });

/** RFC 5952 text; an IPv4-mapped address becomes IPv4. */
export function canonicalAddress(text: string): string {
  return formatIp(parseIp(text));
}

/** A number of a query string, which arrives as text. */
export const queryCount = (maximum: number) => z.coerce.number().int().min(0).max(maximum);

export const listQuery = z.object({
  limit: queryCount(MAX_LIST_ROWS).default(100),
  offset: queryCount(1_000_000_000).default(0),
});
export type ListQuery = z.output<typeof listQuery>;
