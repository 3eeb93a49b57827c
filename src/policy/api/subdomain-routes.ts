/** The call that shows the sub-domains of the topology with the density level that each has in answers. */
import { z } from 'zod';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { DENSITY_LEVELS, NEUTRAL_DENSITY_LEVEL } from '../../selection/cost-table.js';
import type { Policy } from '../policy.js';

const level = z
  .int()
  .min(0)
  .max(DENSITY_LEVELS - 1);
export const subdomainsAnswer = z.strictObject({
  average: level.meta({ description: 'the level of the median, and of a sub-domain of which nothing recent is known' }),
  highest: level.meta({ description: 'of the busiest; 0 is the least traffic for each user' }),
  subdomains: z.array(z.strictObject({ id: z.string(), densityLevel: level })),
});

export function subdomainRoutes(policy: () => Pick<Policy, 'subdomainLevels'> | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/subdomains',
      summary: 'The sub-domains of the topology, and the density level of each in answers',
      access: 'viewer',
      query: z.object({ id: z.string().max(200).optional().meta({ description: 'only this one' }) }),
      answers: [{ status: 200, description: 'Also those on which no probe reports.', schema: subdomainsAnswer }],
      handle: ({ query }) => {
        const subdomains = [...switchedOn(policy(), 'the policy').subdomainLevels]
          .map(([id, densityLevel]) => ({ id, densityLevel }))
          .filter(({ id }) => query.id === undefined || id === query.id);
        return { json: { average: NEUTRAL_DENSITY_LEVEL, highest: DENSITY_LEVELS - 1, subdomains } };
      },
    }),
  ];
}
