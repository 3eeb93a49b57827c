/** The call by which an original tracker fetches seeds inside the network, those that agreed to it. */
import { z } from 'zod';
import { infoHash, port } from '../../control-api/field-schemas.js';
import { type Route, route } from '../../control-api/route.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { formatIp } from '../../domain/ip-address.js';
import { nameOf } from './partner-name.js';
import type { PeerEndpoint } from './push-routes.js';
import { requireKnownAndOwn, type SpokenFor } from './require-own.js';

export interface SharedSeed extends PeerEndpoint {
  /** One of the operator's caches. */
  readonly cache: boolean;
}

export interface SeedNeeds extends SpokenFor {
  /** The inner seeds of a torrent that may be named to original trackers; none of a private one. @throws ClientError while the tracker restarts */
  readonly sharedSeeds: (infoHash: InfoHash) => Promise<readonly SharedSeed[]>;
}

export function seedRoutes(needs: SeedNeeds): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/upstream/seeds',
      summary: 'Seeds inside the network that agreed to be named to original trackers',
      access: 'upstream',
      query: z.object({ infoHash }),
      answers: [
        {
          status: 200,
          description:
            'The caches of the operator, and nodes that report `shareWithOriginals`. Nobody else, and none of a private torrent.',
          schema: z.strictObject({
            seeds: z.array(z.strictObject({ address: z.string(), port, cache: z.boolean() })),
          }),
        },
        { status: 403, description: 'The original tracker has no entry in `upstream.originalTrackers`.' },
        { status: 422, description: 'The torrent belongs to other original trackers, or its trackers are unknown.' },
      ],
      handle: async ({ query, principal }) => {
        const asked = parseInfoHash(query.infoHash);
        requireKnownAndOwn(asked, nameOf(principal), needs);
        const seeds = await needs.sharedSeeds(asked);
        return { json: { seeds: seeds.map((seed) => ({ ...seed, address: formatIp(seed.address) })) } };
      },
    }),
  ];
}
