/** What the calls for the time series answer: their list, or values. */
import { z } from 'zod';

const values = z.array(z.number().nullable());
export const listAnswer = z.object({
  series: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      kind: z.enum(['gauge', 'counter']),
      help: z.string(),
      label: z.string().nullable().meta({ description: 'what separates the series of this name' }),
      labels: z.array(z.string()).meta({ description: 'its values that were recorded' }),
    }),
  ),
});
export const valuesAnswer = z.object({
  start: z.string().meta({ description: 'the beginning of the first value' }),
  stepSeconds: z.number(),
  count: z.number(),
  series: z.array(
    z.object({
      name: z.string(),
      label: z.string().nullable(),
      unit: z.string(),
      kind: z.enum(['gauge', 'counter']),
      sum: values.optional().meta({ description: 'of a counter: its growth within each step. null: a gap' }),
      mean: values.optional(),
      min: values.optional(),
      max: values.optional(),
    }),
  ),
});
export const marksAnswer = z.object({
  marks: z.array(z.object({ time: z.string(), kind: z.string(), text: z.string() })),
});
export type SeriesListAnswer = z.output<typeof listAnswer>;
export type SeriesValuesAnswer = z.output<typeof valuesAnswer>;
