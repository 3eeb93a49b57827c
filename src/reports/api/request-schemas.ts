/**
 * What reporters may send, as schemas: requests are checked by them and the OpenAPI document is made of them, so the two
 * cannot disagree. Units are in the names.
 */
import { z } from 'zod';
import { address, count, name, port, share, time } from '../../control-api/field-schemas.js';
import { MAX_SUBDOMAINS_PER_REPORT } from '../limits.js';

const subdomainValue = z.strictObject({
  id: name.meta({ description: 'sub-domain of the configuration' }),
  bytes: count.meta({ description: 'both directions, over the whole period' }),
  users: count.optional().meta({ description: 'users behind this detection point; omit if only the BRAS knows' }),
});

export const densityReport = z
  .strictObject({
    probe: name,
    sequence: count.meta({ description: 'increases with each report; the same number again changes nothing' }),
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

/** Draft 4.3.2 leaves the list of facts open, so unknown ones are skipped. */
export const capabilityReport = z
  .object({
    address: address.optional().meta({ description: 'default: the address that the call comes from' }),
    port: port.optional(),
    cpuUtilisation: share.optional().meta({ description: '0 idle … 1 busy' }),
    memoryUtilisation: share.optional(),
    availableUplinkBps: z.number().min(0).optional().meta({ description: 'bits per second free for more uploads' }),
    role: z.enum(['peer', 'cache']).optional(),
    shareWithOriginals: z
      .boolean()
      .optional()
      .meta({ description: 'true: while it counts, original trackers that cooperate may learn what this node seeds' }),
  })
  .meta({ title: 'CapabilityReport' });

export const densityQuery = z.object({
  since: time.optional().meta({ description: 'adds the history from this time on' }),
  subdomain: name.optional(),
});
export const probeParams = z.object({ probe: name });

function noIdTwice(rows: readonly { id: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [i, { id }] of rows.entries()) {
    if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message: `"${id}" appears twice` });
    seen.add(id);
  }
}
