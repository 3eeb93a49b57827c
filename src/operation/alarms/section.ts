/** The section `alarms` of the configuration: who is notified of alarms, besides the log. */
import { z } from 'zod';
import type { DeepReadonly } from '../../config-kit/config-part.js';
import { duration, section, token } from '../../config-kit/field-schemas.js';

const httpUrl = z
  .string({ error: 'expected a URL, e.g. "https://alerts.example.net/hook"' })
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'expected a URL that begins with https:// or http://',
  });

/** One value to a reload, so that it can be added and removed without a restart. */
const webhook = section({
  url: httpUrl,
  token: token.optional(),
  minSeverity: z.enum(['warning', 'critical'], { error: 'expected warning or critical' }).prefault('warning'),
});

export const schema = section({
  webhook: z.lazy(() => webhook).optional(),
  /** How long past alarms are stored. */
  history: duration('1d', '3650d', '366d'),
}).prefault({});

/** The sections that the part reads. */
export interface AlarmsConfig {
  readonly alarms: DeepReadonly<z.output<typeof schema>>;
}
