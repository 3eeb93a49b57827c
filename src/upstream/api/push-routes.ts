/** The call by which original trackers push peers (draft 4.2). */
import { z } from 'zod';
import { address, canonicalAddress, infoHash, port } from '../../control-api/field-schemas.js';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { MAX_PUSHED_PEERS } from '../limits.js';

export interface PeerPush {
  readonly infoHash: string;
  readonly peers: readonly { readonly address: string; readonly port: number; readonly seed: boolean }[];
  readonly ttlSeconds: number;
}

export interface PushOutcome {
  /** Peers that are in the swarm now. */
  readonly accepted: number;
  /** The others, by reason; empty where all were taken. */
  readonly refused: readonly { readonly reason: string; readonly peers: number }[];
}

export interface PeerReceiver {
  /**
   * Imports the peers that an original tracker pushes. @param from its name
   * @throws ClientError if none is imported: the tracker does not serve the torrent, or does not run
   */
  pushPeers(push: PeerPush, from: string): Promise<PushOutcome>;
}

const peerPush = z
  .strictObject({
    infoHash,
    peers: z.array(z.strictObject({ address, port, seed: z.boolean().default(false) })).max(MAX_PUSHED_PEERS),
    ttlSeconds: z.int().min(1).max(86_400),
  })
  .meta({ title: 'PeerPush' });
const pushAnswer = z.strictObject({
  accepted: z.int(),
  refused: z.array(z.strictObject({ reason: z.string(), peers: z.int() })),
});

export function pushRoutes(receiver: PeerReceiver | undefined): Route[] {
  return [
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
        return { status: 202, json: await switchedOn(receiver, 'the tracker').pushPeers(push, principal!.name) };
      },
    }),
  ];
}
