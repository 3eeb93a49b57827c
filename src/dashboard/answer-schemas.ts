/**
 * What calls answer, as schemas for the OpenAPI document. Answers are not checked by them while the tracker runs; a test
 * holds every documented answer of a whole application to them, with no field more and no field less.
 */
import { z } from 'zod';

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const seconds = z.number().min(0);
const infoHash = z.string().regex(/^[0-9a-f]{40}$/);
const instant = z.iso.datetime();
const reasons = z.array(z.string());

export const healthAnswer = z.strictObject({ status: z.literal('ok') });
export const readinessAnswer = z.strictObject({
  status: z.enum(['ready', 'not ready']),
  reasons: reasons.meta({ description: 'why it is not ready; empty where it is' }),
  alarms: reasons.meta({ description: 'what needs a look although it is ready' }),
});

const densityFacts = {
  bytesPerUserPerSecond: z.number().nullable().meta({ description: 'null where nobody counts the users' }),
  bytesPerSecond: z.number(),
  users: z.number().nullable(),
};
export const densityAnswer = z.strictObject({
  subdomains: z.array(
    z.strictObject({
      id: z.string(),
      ...densityFacts,
      usersFrom: z.enum(['probe', 'bras']).nullable(),
      ageSeconds: seconds.meta({ description: 'since the end of the oldest period it is made of' }),
      freshness: share.meta({ description: '1 counts in full … 0 no longer' }),
      periodSeconds: seconds,
    }),
  ),
  history: z
    .array(z.strictObject({ subdomain: z.string(), start: instant, seconds: z.int(), ...densityFacts }))
    .optional()
    .meta({ description: 'with `since` only; means over `seconds`' }),
  truncated: z.boolean().optional().meta({ description: 'with `since` only: there is more than was sent' }),
});
export const usersReceipt = z.strictObject({ accepted: count });

export const capabilityReceipt = z.strictObject({
  accepted: count,
  clamped: z
    .array(z.strictObject({ address: z.string(), clamped: z.array(z.string()) }))
    .meta({ description: 'nodes of which something was cut down, and the fields' }),
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
      alarms: z.array(
        z.strictObject({
          kind: z.string(),
          detail: z.string(),
          subdomains: z.array(z.string()).meta({ description: 'all that it is about; empty: about the probe' }),
        }),
      ),
    }),
  ),
});
export const releaseAnswer = z.strictObject({ released: z.string() });

const peerCounts = { seeds: count, leechers: count };
const listedSwarm = {
  infoHash,
  ...peerCounts,
  completed: count,
  completedInner: count.meta({ description: 'of these, by clients of the operator’s networks' }),
  upstreamPeers: count.meta({ description: 'known from original trackers only; not among the others' }),
  kept: z.boolean().meta({ description: 'stays known without peers, because the catalogue has it' }),
  inner: z.strictObject(peerCounts).meta({ description: 'peers of the operator’s networks' }),
};
export const swarmsAnswer = z.strictObject({
  total: count,
  swarms: z.array(z.strictObject({ ...listedSwarm, name: z.string().optional() })),
});
const group = { group: z.string(), asn: z.int(), kind: z.string() };
export const swarmAnswer = z.strictObject({
  ...listedSwarm,
  groups: z
    .array(z.strictObject({ ...group, ...peerCounts, upstreamPeers: count }))
    .meta({ description: 'the largest first' }),
});

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
  }),
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
  billing: z.strictObject({ currency: z.string(), period: z.string().nullable() }),
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
  peers: z.array(z.strictObject({ address: z.string(), port: z.int() })),
});

export const torrentsAnswer = z.strictObject({
  total: count,
  torrents: z.array(
    z.strictObject({
      infoHash,
      hybridInfoHash: infoHash.optional(),
      infoHashV2: z.string().optional(),
      name: z.string(),
      totalBytes: count.optional(),
      pieceBytes: count.optional(),
      fileCount: count,
      magnet: z.string().optional(),
      source: z.string(),
      pageUrl: z.string().optional(),
      torrentUrl: z.string().optional(),
      seeds: count.optional(),
      leechers: count.optional(),
      score: z.number(),
      rank: z.int().optional(),
      firstSeenMs: z.int(),
      lastSeenMs: z.int(),
      fetchedMs: z.int(),
    }),
  ),
});
export const redirectionsAnswer = z.strictObject({
  redirections: z.array(
    z.strictObject({
      name: z.string(),
      target: z.enum(['mirror', 'tracker']),
      active: z.boolean().meta({ description: 'false while what it leads to does not answer' }),
      addresses: z.array(z.string()),
      ttlSeconds: z.int(),
    }),
  ),
});
export const overviewAnswer = z.strictObject({
  announces: count,
  peersGiven: count,
  peersGivenInner: count,
  swarms: count,
  peers: count,
  seeds: count,
  innerShare: share.nullable(),
  announcesPerSecond: z.number().nullable(),
  savings: z
    .strictObject({ bytesInside: z.number(), amount: z.number(), currency: z.string(), basis: z.string() })
    .nullable(),
  notReady: reasons,
  alarms: reasons,
});
