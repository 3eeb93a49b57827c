/** The call that shows the billing period in force. */
import { z } from 'zod';
import { seconds } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { hoursAnswer } from '../../selection/hours-in-words.js';
import type { Policy } from '../policy.js';

export const billingAnswer = hoursAnswer.extend({
  currency: z.string(),
  rampForSeconds: seconds.meta({ description: 'of the schedule; a period may have its own' }),
});
export type BillingAnswer = z.output<typeof billingAnswer>;

export function billingRoutes(policy: () => Pick<Policy, 'billing' | 'rampForMs'> | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/billing',
      summary: 'The billing period in force, the next one, and the limits of foreign peers',
      access: 'viewer',
      answers: [{ status: 200, description: 'Times are UTC.', schema: billingAnswer }],
      handle: () => {
        const { billing, rampForMs } = switchedOn(policy(), 'the policy');
        return { json: { ...billing, rampForSeconds: rampForMs / 1_000 } };
      },
    }),
  ];
}
