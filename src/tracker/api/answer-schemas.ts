/** What the calls about swarms answer, as schemas for the OpenAPI document (see `src/reports/api/answer-schemas.ts`). */
import { z } from 'zod';
import { count, lowerCaseInfoHash, seconds } from '../../control-api/field-schemas.js';
import { hoursAnswer } from '../../selection/hours-in-words.js';
import { HOUSEHOLD_GROUP_NAMES } from '../../selection/household-groups.js';

const peerCounts = { seeds: count, leechers: count };
const foreignOfSwarm = z.strictObject({
  peersMax: count.meta({
    description: 'how many foreign peers the inner leechers are given now, all together, at most',
  }),
  gateways: count,
  gatewaysWanted: count.meta({ description: 'without those that starving leechers may become' }),
});
const listedSwarm = {
  infoHash: lowerCaseInfoHash,
  ...peerCounts,
  completed: count,
  completedInner: count.meta({ description: 'of these, by clients of the operator’s networks' }),
  upstreamPeers: count.meta({ description: 'known from original trackers only; not among the others' }),
  kept: z.boolean().meta({ description: 'stays known without peers, because the catalogue has it' }),
  inner: z.strictObject(peerCounts).meta({ description: 'peers of the operator’s networks' }),
  foreign: foreignOfSwarm,
};
export const swarmsAnswer = z.strictObject({
  total: count,
  swarms: z.array(z.strictObject({ ...listedSwarm, name: z.string().optional() })),
});
export type ListedSwarm = z.output<typeof swarmsAnswer>['swarms'][number];
const origin = z.string().nullable().meta({
  description: 'who named the peer: an original tracker, or `pushed by` and the name of a partner; null: not known',
});
const group = { group: z.string(), asn: z.int(), kind: z.string() };
export const swarmAnswer = z.strictObject({
  ...listedSwarm,
  groups: z
    .array(z.strictObject({ ...group, ...peerCounts, upstreamPeers: count }))
    .meta({ description: 'the largest first' }),
  imported: z.array(z.strictObject({ origin, peers: count, failed: count, expiresInSeconds: seconds })).meta({
    description:
      'peers that others have named; `failed`: those that a gateway was given and received nothing; `expiresInSeconds`: until the last of them expires',
  }),
});
export type SwarmAnswer = z.output<typeof swarmAnswer>;

export const explainAnswer = z.strictObject({
  found: z.boolean(),
  requester: z.strictObject({
    address: z.string(),
    port: z.int().nullable(),
    peersAtAddress: count,
    group: z.string(),
    asn: z.int(),
    operator: z.string(),
    subdomain: z.string().optional(),
    inner: z.boolean(),
    seed: z.boolean(),
    inSwarm: z.boolean(),
    gateway: z.boolean(),
    household: z.enum(HOUSEHOLD_GROUP_NAMES).meta({ description: 'all but the localised ones get random peers' }),
  }),
  random: z.string().nullable().meta({ description: 'why the peers are drawn at random; null: they are not' }),
  localised: z
    .strictObject({ reason: z.string(), inner: count, foreign: count })
    .nullable()
    .meta({ description: 'what the client would get if its household were localised; null if it is' }),
  mix: z.strictObject({
    reason: z.string(),
    want: count,
    inner: count,
    foreign: count,
    innerAvailable: count,
    foreignAvailable: count,
  }),
  supply: z.strictObject({
    innerSeeds: count,
    serving: count,
    starving: count,
    innerLeechers: count,
    suffices: z.boolean(),
    requesterStarves: z.boolean(),
    why: z.string(),
  }),
  gateways: count,
  foreign: foreignOfSwarm,
  billing: hoursAnswer.extend({ currency: z.string() }),
  scales: z
    .record(z.string(), z.string())
    .meta({ description: 'how to read the numbers of the candidates: which end of each is the better one' }),
  candidates: z
    .array(
      z.strictObject({
        ...group,
        tier: z.int(),
        overridden: z.boolean().optional(),
        ratePerGigabyte: z.number(),
        relationship: z.string(),
        density: z.number().nullable(),
        densityAgeSeconds: seconds.optional(),
        densityLevel: z.int(),
        capabilityLevel: z.int(),
        capabilitySource: z.enum(['reported', 'observed', 'neutral']),
        cache: z.boolean(),
        score: z.int().meta({ description: '0 is the best' }),
        role: z.enum(['serving', 'leecher']),
        peers: count,
        chosen: count,
        innerOnly: count.optional(),
        reason: z.string(),
      }),
    )
    .meta({ description: 'in classes that nothing in the policy tells apart, best first' }),
  imported: z
    .array(z.strictObject({ origin, peers: count, chosen: count }))
    .meta({ description: 'peers of the swarm that others have named; they are among the candidates' }),
  peers: z.array(z.strictObject({ address: z.string(), port: z.int(), origin: origin.optional() })),
});
export type ExplainAnswer = z.output<typeof explainAnswer>;
