/** What the pages use of the answers of the API. Other fields are ignored. */
import { z } from 'zod';

const number = z.number();
const text = z.string();

const peers = z.object({ seeds: number, leechers: number });
export const swarm = z.object({
  infoHash: text,
  name: text.optional(),
  seeds: number,
  leechers: number,
  completed: number,
  completedInner: number,
  upstreamPeers: number,
  inner: peers,
  foreign: z.object({ peersMax: number, gateways: number, gatewaysWanted: number }),
});
export type Swarm = z.output<typeof swarm>;
export const swarms = z.object({ total: number, swarms: z.array(swarm) });

const subdomain = z.object({
  id: text,
  bytesPerUserPerSecond: number.nullable(),
  bytesPerSecond: number,
  users: number.nullable(),
  usersFrom: text.nullable(),
  ageSeconds: number,
  freshness: number,
  periodSeconds: number,
});
export type Subdomain = z.output<typeof subdomain>;
export const density = z.object({
  subdomains: z.array(subdomain),
  history: z
    .array(
      z.object({
        subdomain: text,
        start: text,
        seconds: number,
        bytesPerUserPerSecond: number.nullable(),
        bytesPerSecond: number,
        users: number.nullable(),
      }),
    )
    .optional(),
});

const probe = z.object({
  probe: text,
  subdomains: z.array(text),
  lastReceived: text.nullable(),
  highestSequence: number.nullable(),
  clockSkewMs: number,
  accepted: number,
  duplicates: number,
  quarantined: number,
  quarantinedValues: z.array(
    z.object({
      subdomain: text,
      bytes: number,
      users: number.nullable(),
      reason: text,
      inRow: number,
      receivedAt: text,
      judgedBy: z.object({ usual: number.nullable(), meanOfDay: number.nullable() }),
    }),
  ),
  alarms: z.array(z.object({ kind: text, detail: text, subdomains: z.array(text) })),
});
export type Probe = z.output<typeof probe>;
export const probes = z.object({ probes: z.array(probe) });

export const billing = z.object({
  period: text.nullable(),
  summary: text,
  currency: text,
  limits: z.object({
    foreignPeersMin: number,
    foreignPeersMax: number,
    foreignPeersWhenNoInnerSeed: number,
    gatewaysMax: number,
  }),
  ramp: z.object({ direction: text, percent: number, until: text }).nullable(),
});
export type Billing = z.output<typeof billing>;

const part = z.object({
  part: text,
  isUp: z.boolean(),
  restarts: number,
  lastFailureAt: text.nullable(),
  lastError: text.nullable(),
});
export type PartAnswer = z.output<typeof part>;
export const parts = z.object({ parts: z.array(part) });
