/** The call that shows the sub-domains of the topology with the density level that each has in answers. */
import { z } from 'zod';
import { count, time } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { DENSITY_LEVELS, NEUTRAL_DENSITY_LEVEL } from '../../selection/cost-table.js';
import { NO_PEERS } from '../peers-by-network.js';
import type { Policy } from '../policy.js';

const level = z
  .int()
  .min(0)
  .max(DENSITY_LEVELS - 1);
const peers = z.strictObject({ seeds: count, leechers: count });
export const subdomainsAnswer = z.strictObject({
  average: level.meta({ description: 'the level of the median, and of a sub-domain of which nothing recent is known' }),
  highest: level.meta({ description: 'of the busiest; 0 is the least traffic for each user' }),
  peers: z
    .strictObject({
      countedAt: time.meta({ description: 'the peers of all swarms are counted about twice a minute' }),
      inner: peers,
      foreign: peers,
    })
    .nullable()
    .meta({ description: 'peers that announce here; null until all swarms have been visited once' }),
  subdomains: z.array(
    z.strictObject({
      id: z.string(),
      densityLevel: level,
      peers: peers.nullable().meta({ description: 'of all swarms, the operator’s caches there included' }),
    }),
  ),
});

export function subdomainRoutes(policy: () => Pick<Policy, 'subdomainLevels' | 'peers'> | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/subdomains',
      summary: 'The sub-domains of the topology, with the density level in answers and the peers of each',
      access: 'viewer',
      query: z.object({ id: z.string().max(200).optional().meta({ description: 'only this one' }) }),
      answers: [{ status: 200, description: 'Also those on which no probe reports.', schema: subdomainsAnswer }],
      handle: ({ query }) => {
        const { subdomainLevels, peers: counted } = switchedOn(policy(), 'the policy');
        const subdomains = [...subdomainLevels]
          .filter(([id]) => query.id === undefined || id === query.id)
          .map(([id, densityLevel]) => ({
            id,
            densityLevel,
            peers: counted && (counted.bySubdomain.get(id) ?? NO_PEERS),
          }));
        const inAll = counted && {
          countedAt: new Date(counted.countedAtMs).toISOString(),
          inner: counted.inner,
          foreign: counted.foreign,
        };
        return {
          json: { average: NEUTRAL_DENSITY_LEVEL, highest: DENSITY_LEVELS - 1, peers: inAll, subdomains },
        };
      },
    }),
  ];
}
