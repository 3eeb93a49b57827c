/** Connects the crawler's client of BEP 9 with the swarms of the tracker. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config-schema.js';
import { createMetadataClient } from '../crawler/metadata-client.js';
import type { FetchMetadata } from '../crawler/metadata-port.js';
import type { SupervisedDataPlane } from './data-plane/supervised-data-plane.js';
import { innerPeersOf } from './outbound.js';

/** As clients name themselves (BEP 20), and 12 random bytes. */
const CLIENT = '-AT0100-';

/** @param config called for each connection, because a reload changes networks */
export function metadataFromPeers(
  config: () => Config,
  dataPlane: Pick<SupervisedDataPlane, 'innerPeers'>,
): FetchMetadata {
  return createMetadataClient({
    peersOf: async (infoHash, limit) => {
      const peers = await dataPlane.innerPeers(infoHash, limit);
      return peers.map(({ family, words, port }) => ({ address: { family, words }, port }));
    },
    blockedReason: innerPeersOf(config),
    peerId: Buffer.concat([Buffer.from(CLIENT), randomBytes(20 - CLIENT.length)]),
  });
}
