/**
 * What callers may send, as schemas: requests are checked by them and the OpenAPI document is made of them, so the two
 * cannot disagree. Units are in the names.
 */
import { z } from 'zod';
import { messageOf } from '../domain/errors.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import {
  MAX_LIST_ROWS,
  MAX_NAME_CHARACTERS,
  MAX_NUMWANT,
  MAX_PUSHED_PEERS,
  MAX_SUBDOMAINS_PER_REPORT,
  MAX_SWARMS_LISTED,
} from './limits.js';

const name = z.string().min(1).max(MAX_NAME_CHARACTERS);
const count = z.int().min(0);
const port = z.int().min(1).max(65_535);
const share = z.number().min(0).max(1);
const infoHash = z
  .string()
  .regex(/^[0-9a-fA-F]{40}$/, { error: 'an info-hash is 40 hexadecimal digits' })
  .meta({ example: 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a' });
/** RFC 3339 with its offset. */
const time = z.iso.datetime({ offset: true }).meta({ example: '2026-11-22T10:00:00Z' });

/** Comes out as RFC 5952 text; an IPv4-mapped address as IPv4. */
const address = z
  .string()
  .superRefine((text, context) => {
    try {
      parseIp(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: messageOf(thrown) });
    }
  })
  .meta({ example: '203.0.113.10' });

export function canonicalAddress(text: string): string {
  return formatIp(parseIp(text));
}

const subdomainValue = z.strictObject({
  id: name.meta({ description: 'sub-domain of the configuration' }),
  bytes: count.meta({ description: 'both directions, over the whole period' }),
  users: count
    .optional()
    .meta({ description: 'users behind this detection point; left out where only the BRAS knows' }),
});

export const densityReport = z
  .strictObject({
    probe: name,
    sequence: count.meta({ description: 'rises with each report; the same number again changes nothing' }),
    periodStart: time,
    periodSeconds: z.int().min(1),
    subdomains: z.array(subdomainValue).min(1).max(MAX_SUBDOMAINS_PER_REPORT).superRefine(noIdTwice),
  })
  .meta({ title: 'DensityReport' });

export const usersReport = z
  .strictObject({
    subdomains: z
      .array(z.strictObject({ id: name, users: count }))
      .min(1)
      .max(MAX_SUBDOMAINS_PER_REPORT)
      .superRefine(noIdTwice),
  })
  .meta({ title: 'UsersReport' });

/** Draft 4.3.2 leaves the list of facts open, so unknown ones are passed over. */
export const capabilityReport = z
  .object({
    address: address.optional().meta({ description: 'left out: the address that the call comes from' }),
    port: port.optional(),
    cpuUtilisation: share.optional().meta({ description: '0 idle … 1 busy' }),
    memoryUtilisation: share.optional(),
    availableUplinkBps: z.number().min(0).optional().meta({ description: 'bits per second free for more uploads' }),
    role: z.enum(['peer', 'cache']).optional(),
  })
  .meta({ title: 'CapabilityReport' });

export const peerPush = z
  .strictObject({
    infoHash,
    peers: z.array(z.strictObject({ address, port, seed: z.boolean().default(false) })).max(MAX_PUSHED_PEERS),
    ttlSeconds: z.int().min(1).max(86_400),
  })
  .meta({ title: 'PeerPush' });

/** Query strings arrive as text. */
const queryCount = (maximum: number) => z.coerce.number().int().min(0).max(maximum);

export const explainQuery = z.object({
  infoHash,
  ip: address,
  port: z.coerce.number().int().min(1).max(65_535).optional().meta({
    description: 'which client of that address; left out: any of the swarm, `requester.port` says which',
  }),
  numwant: queryCount(MAX_NUMWANT).optional(),
});
export const listQuery = z.object({
  limit: queryCount(MAX_LIST_ROWS).default(100),
  offset: queryCount(1_000_000_000).default(0),
});
/** Only so many of the largest are looked for. */
export const swarmsQuery = z
  .object({ limit: queryCount(MAX_SWARMS_LISTED).default(100), offset: queryCount(MAX_SWARMS_LISTED).default(0) })
  .refine(({ limit, offset }) => limit + offset <= MAX_SWARMS_LISTED, {
    path: ['limit'],
    error: `limit and offset together are at most ${MAX_SWARMS_LISTED}: the list has the largest swarms only`,
  });
export const densityQuery = z.object({
  since: time.optional().meta({ description: 'adds the history from this time on' }),
  subdomain: name.optional(),
});
export const infoHashParams = z.object({ infoHash });
export const probeParams = z.object({ probe: name });

function noIdTwice(rows: readonly { id: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [i, { id }] of rows.entries()) {
    if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message: `"${id}" stands here twice` });
    seen.add(id);
  }
}
