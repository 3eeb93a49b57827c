/**
 * What the calls about reports answer, as schemas for the OpenAPI document. Answers are not checked by them while the
 * tracker runs; a test holds every documented answer of a whole application to them, with no field more and no field less.
 */
import { z } from 'zod';
import { count, seconds, share } from '../../control-api/field-schemas.js';

const instant = z.iso.datetime();

const quarantinedValues = z.array(z.strictObject({ subdomain: z.string(), reason: z.string() }));
export const densityReceipt = z
  .strictObject({
    accepted: z.int(),
    duplicate: z.boolean().meta({ description: 'the tracker already has all of them' }),
    duplicates: z.int(),
    quarantined: quarantinedValues,
    reports: z
      .array(z.strictObject({ accepted: z.int(), duplicate: z.boolean(), quarantined: quarantinedValues }))
      .meta({ description: 'one entry a report, in the order of the request' }),
  })
  .meta({ title: 'DensityReceipt' });

const densityFacts = {
  bytesPerUserPerSecond: z.number().nullable().meta({ description: 'null if nobody counts the users' }),
  bytesPerSecond: z.number(),
  users: z.number().nullable(),
};
export const densityAnswer = z.strictObject({
  subdomains: z.array(
    z.strictObject({
      id: z.string(),
      ...densityFacts,
      usersFrom: z.enum(['probe', 'bras']).nullable(),
      ageSeconds: seconds.meta({ description: 'since the end of the oldest period in the sum' }),
      freshness: share.meta({ description: '1 counts in full … 0 is ignored' }),
      periodSeconds: seconds,
    }),
  ),
  history: z
    .array(z.strictObject({ subdomain: z.string(), start: instant, seconds: z.int(), ...densityFacts }))
    .optional()
    .meta({ description: 'with `since` only; means over `seconds`' }),
  truncated: z.boolean().optional().meta({ description: 'with `since` only: there are more rows than were sent' }),
});
export type DensityDocument = z.output<typeof densityAnswer>['subdomains'][number];
export const usersReceipt = z.strictObject({ accepted: count });

export const capabilityReceipt = z.strictObject({
  accepted: count,
  clamped: z
    .array(z.strictObject({ address: z.string(), clamped: z.array(z.string()) }))
    .meta({ description: 'nodes with lowered fields, and the fields' }),
});
export const capabilityAnswer = z.strictObject({
  total: count,
  nodes: z.array(
    z.strictObject({
      address: z.string(),
      port: z.int().optional(),
      cpuUtilisation: share.optional(),
      memoryUtilisation: share.optional(),
      availableUplinkBps: z.number().optional(),
      role: z.enum(['cache', 'peer']),
      shareWithOriginals: z.literal(true).optional(),
      receivedMs: z.int(),
      ageSeconds: seconds,
      freshness: share,
    }),
  ),
});
export const probesAnswer = z.strictObject({
  probes: z.array(
    z.strictObject({
      probe: z.string(),
      subdomains: z.array(z.string()),
      lastReceived: instant.nullable(),
      highestSequence: z.int().nullable(),
      clockSkewMs: z.number().meta({ description: 'its clock behind the tracker; negative: ahead' }),
      accepted: count,
      duplicates: count,
      quarantined: count,
      quarantinedValues: z
        .array(
          z.strictObject({
            subdomain: z.string(),
            bytes: z.number(),
            users: z.number().nullable(),
            reason: z.string(),
            inRow: count.meta({ description: 'consecutive quarantined values' }),
            receivedAt: instant,
            judgedBy: z
              .strictObject({
                usual: z.number().nullable().meta({ description: 'median of the recent values' }),
                meanOfDay: z.number().nullable(),
              })
              .meta({ description: 'bytes per second and, with users, per user; null: too few values' }),
          }),
        )
        .meta({ description: 'the newest value of each sub-domain, if it is quarantined' }),
      alarms: z.array(
        z.strictObject({
          kind: z.string(),
          detail: z.string(),
          subdomains: z
            .array(z.string())
            .meta({ description: 'the sub-domains concerned; empty: the alarm concerns the probe' }),
        }),
      ),
    }),
  ),
});
export type ProbeDocument = z.output<typeof probesAnswer>['probes'][number];
export const releaseAnswer = z.strictObject({ released: z.string() });
