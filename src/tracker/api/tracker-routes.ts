/** Calls that show swarms, and why a client would get which peers. */
import { z } from 'zod';
import { address, canonicalAddress, infoHash, queryCount } from '../../control-api/field-schemas.js';
import { Problem } from '../../control-api/problem.js';
import { type Document, type Route, route, switchedOn } from '../../control-api/route.js';
import { MAX_EXPLAINED_PEERS, MAX_LISTED_SWARMS } from '../limits.js';
import { explainAnswer, swarmAnswer, swarmsAnswer } from './answer-schemas.js';

const explainQuery = z.object({
  infoHash,
  ip: address,
  port: z.coerce.number().int().min(1).max(65_535).optional().meta({
    description: 'which client of that address; left out: any of the swarm, `requester.port` says which',
  }),
  numwant: queryCount(MAX_EXPLAINED_PEERS).optional(),
});
const infoHashParams = z.object({ infoHash });
const swarmsQuery = z
  .object({ limit: queryCount(MAX_LISTED_SWARMS).default(100), offset: queryCount(MAX_LISTED_SWARMS).default(0) })
  .refine(({ limit, offset }) => limit + offset <= MAX_LISTED_SWARMS, {
    path: ['limit'],
    error: `limit and offset together are at most ${MAX_LISTED_SWARMS}: the list has the largest swarms only`,
  });

/** The data plane and what the rest of the program knows of its swarms; `src/app` connects the real ones. */
export interface TrackerView {
  /** Why this client would get which peers. @throws ClientError */
  explain(query: z.output<typeof explainQuery>): Promise<Document>;
  /** The largest swarms first. */
  swarms(
    query: z.output<typeof swarmsQuery>,
  ): Promise<{ readonly total: number; readonly swarms: readonly Document[] }>;
  /** undefined: no such swarm. */
  swarm(infoHash: string): Promise<Document | undefined>;
}

export function trackerRoutes(tracker: TrackerView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/explain',
      summary: 'Why this client would get which peers',
      access: 'viewer',
      query: explainQuery,
      answers: [
        {
          status: 200,
          description: 'The ranked candidates, each with what speaks for and against it.',
          schema: explainAnswer,
        },
      ],
      handle: async ({ query }) => {
        const ip = canonicalAddress(query.ip);
        const infoHash = query.infoHash.toLowerCase();
        return { json: await switchedOn(tracker, 'the tracker').explain({ ...query, infoHash, ip }) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/swarms',
      summary: 'Swarms, the largest first',
      access: 'viewer',
      query: swarmsQuery,
      answers: [{ status: 200, description: '`total` counts all.', schema: swarmsAnswer }],
      handle: async ({ query }) => ({ json: await switchedOn(tracker, 'the tracker').swarms(query) }),
    }),
    route({
      method: 'get',
      path: '/api/v1/swarms/{infoHash}',
      summary: 'One swarm by networks',
      access: 'viewer',
      params: infoHashParams,
      answers: [{ status: 200, description: 'Its peers by locality group.', schema: swarmAnswer }],
      handle: async ({ params }) => {
        const swarm = await switchedOn(tracker, 'the tracker').swarm(params.infoHash.toLowerCase());
        if (swarm === undefined) throw new Problem('not-found', 'nobody is in this swarm');
        return { json: swarm };
      },
    }),
  ];
}
