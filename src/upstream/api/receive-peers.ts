/** Hands peers that an original tracker pushed to the tracker, and says what became of them. */
import { ClientError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { parseIp } from '../../domain/ip-address.js';
import type { ForeignPeer } from '../tracker-contact.js';
import type { PeerReceiver } from './push-routes.js';

/** The tracker's import. @throws ClientError `unavailable` while the tracker restarts */
export type PeerImport = (
  infoHash: InfoHash,
  peers: readonly ForeignPeer[],
  ttlSeconds: number,
) => Promise<{
  /** Why no peer of this torrent was imported. */
  readonly torrent?: keyof typeof REFUSED_TORRENT;
  readonly taken: number;
  readonly refused: Readonly<Record<string, number>>;
}>;

const REFUSED_TORRENT = {
  'not-listed': 'this tracker does not serve this torrent (tracker.torrents): no peers were imported',
  denied: 'this torrent is on the deny list of this tracker: no peers were imported',
} as const;

export function peerReceiver(importPeers: PeerImport): PeerReceiver {
  return {
    pushPeers: async ({ infoHash, peers, ttlSeconds }) => {
      const foreign = peers.map((peer) => ({ ...peer, address: parseIp(peer.address) }));
      const { torrent, taken, refused } = await importPeers(parseInfoHash(infoHash), foreign, ttlSeconds);
      if (torrent !== undefined) throw new ClientError(`torrent-${torrent}`, REFUSED_TORRENT[torrent]);
      return {
        accepted: taken,
        refused: Object.entries(refused).map(([reason, count]) => ({ reason, peers: count })),
      };
    },
  };
}
