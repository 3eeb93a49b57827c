/** Calls that show what the other parts do, and the one by which original trackers push peers. */
import { z } from 'zod';
import { explainAnswer, redirectionsAnswer, swarmAnswer, swarmsAnswer, torrentsAnswer } from './answer-schemas.js';
import { Problem } from './problem.js';
import { canonicalAddress, explainQuery, infoHashParams, listQuery, peerPush, swarmsQuery } from './request-schemas.js';
import { type Route, route } from './route.js';
import type { CatalogueView, RedirectionView, TrackerView, UpstreamPort } from './tracker-ports.js';

/** A part that is switched off is undefined; its calls answer 404 and say so. */
export interface TrackerRoutePorts {
  readonly tracker?: TrackerView | undefined;
  readonly catalogue?: CatalogueView | undefined;
  readonly redirections?: RedirectionView | undefined;
  readonly upstream?: UpstreamPort | undefined;
}

const pushAnswer = z.strictObject({
  accepted: z.int(),
  refused: z.array(z.strictObject({ reason: z.string(), peers: z.int() })),
});

export function trackerRoutes(ports: TrackerRoutePorts): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/explain',
      summary: 'Why this client would get which peers',
      access: 'operator',
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
        return { json: await on(ports.tracker, 'the tracker').explain({ ...query, infoHash, ip }) };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/swarms',
      summary: 'Swarms, the largest first',
      access: 'operator',
      query: swarmsQuery,
      answers: [{ status: 200, description: '`total` counts all.', schema: swarmsAnswer }],
      handle: async ({ query }) => ({ json: await on(ports.tracker, 'the tracker').swarms(query) }),
    }),
    route({
      method: 'get',
      path: '/api/v1/swarms/{infoHash}',
      summary: 'One swarm by networks',
      access: 'operator',
      params: infoHashParams,
      answers: [{ status: 200, description: 'Its peers by locality group.', schema: swarmAnswer }],
      handle: async ({ params }) => {
        const swarm = await on(ports.tracker, 'the tracker').swarm(params.infoHash.toLowerCase());
        if (swarm === undefined) throw new Problem('not-found', 'nobody is in this swarm');
        return { json: swarm };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/torrents',
      summary: 'The catalogue',
      access: 'operator',
      query: listQuery,
      answers: [{ status: 200, description: '`total` counts all.', schema: torrentsAnswer }],
      handle: async ({ query }) => ({ json: await on(ports.catalogue, 'the catalogue').torrents(query) }),
    }),
    route({
      method: 'get',
      path: '/api/v1/redirections',
      summary: 'Names that the DNS redirection answers, and whether it does now',
      access: 'operator',
      answers: [{ status: 200, description: 'One entry a name.', schema: redirectionsAnswer }],
      handle: async () => {
        return { json: { redirections: await on(ports.redirections, 'the DNS redirection').redirections() } };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/upstream/peers',
      summary: 'Peers that an original tracker knows (draft 4.2: its proactive report)',
      access: 'upstream',
      body: peerPush,
      answers: [
        {
          status: 202,
          description: '`accepted` counts the peers that are in the swarm now, `refused` the others by reason.',
          schema: pushAnswer,
        },
        { status: 422, description: 'The tracker does not serve this torrent: nothing is taken, no swarm is made.' },
      ],
      handle: async ({ body, principal }) => {
        const push = {
          infoHash: body.infoHash.toLowerCase(),
          peers: body.peers.map((peer) => ({ ...peer, address: canonicalAddress(peer.address) })),
          ttlSeconds: body.ttlSeconds,
        };
        const upstream = on(ports.upstream, 'the exchange with original trackers');
        return { status: 202, json: await upstream.pushPeers(push, principal!.name) };
      },
    }),
  ];
}

function on<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Problem('not-found', `${name} is switched off in the configuration`);
  return part;
}
