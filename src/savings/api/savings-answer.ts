/** What the call for savings answers, as a schema for the OpenAPI document. */
import { z } from 'zod';
import { count, share } from '../../control-api/field-schemas.js';

const bytes = z.number();
const range = z.strictObject({ low: z.number(), high: z.number() });
const savings = z.strictObject({
  downloadedBytes: bytes.meta({ description: 'downloaded by localised clients, without caches' }),
  foreignBytes: bytes.meta({ description: 'that all inner clients downloaded from outside' }),
  localisedForeignBytes: bytes.meta({ description: 'those of localised clients and caches' }),
  savedBytes: bytes.meta({ description: 'negative: more than the baseline' }),
  savedBytesRange: range.meta({ description: '95 % interval' }),
  amount: z.number().meta({ description: 'of `savedBytes`, at the rates that were in force' }),
  amountRange: range.meta({ description: '95 % interval' }),
  baseline: z.strictObject({
    method: z.enum(['control-group', 'simulation']),
    explanation: z.string(),
    foreignShare: share.meta({ description: 'of the bytes that clients download without localisation' }),
    low: share,
    high: share,
    replicates: count.meta({ description: 'of 32, those in which the control group has traffic; 8 are needed' }),
    controlBytes: bytes,
  }),
});
const figures = {
  savings: savings.nullable(),
  reason: z.string().nullable().meta({ description: 'why there is no figure' }),
};
const part = z.strictObject({
  name: z.string(),
  downloadedBytes: bytes,
  foreignBytes: bytes,
  savedBytes: bytes.nullable(),
});

export const savingsAnswer = z.strictObject({
  window: z.strictObject({ from: z.string(), to: z.string(), measuredHours: count }),
  currency: z.string(),
  ...figures,
  traffic: z
    .strictObject({
      downloadedBytes: bytes,
      uploadedBytes: bytes,
      foreignByShareBytes: bytes.meta({ description: 'by the share of foreign peers' }),
      foreignAtLeastBytes: bytes.meta({ description: 'what inner clients cannot have received from each other' }),
      foreignAtMostBytes: bytes.meta({ description: 'what they did not certainly receive from each other' }),
      foreignBytes: bytes.meta({ description: 'the estimate' }),
    })
    .meta({ description: 'of all inner clients, as they announced it; needs no baseline' }),
  days: z.array(z.strictObject({ day: z.string(), ...figures })),
  periods: z.array(z.strictObject({ period: z.string().nullable(), ...figures })),
  subdomains: z.array(part),
  sources: z.array(part).meta({ description: 'by neighbour, or foreign AS' }),
  torrents: z.array(part.extend({ title: z.string().nullable() })),
  percentile95: z
    .strictObject({
      samples: count.meta({ description: 'five minutes each, of the last 40 days at most' }),
      foreignBitsPerSecond: z.number().nullable(),
      baselineBitsPerSecond: z.number().nullable().meta({ description: 'without localisation' }),
    })
    .meta({ description: '95th percentile of five-minute rates into the network; estimated' }),
});
export type SavingsAnswer = z.output<typeof savingsAnswer>;
