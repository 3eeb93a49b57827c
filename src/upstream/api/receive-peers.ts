/** Hands peers that an original tracker pushed to the tracker, if it may name peers of the torrent, and says what became of them. */
import { Problem } from '../../control-api/problem.js';
import type { Clock } from '../../domain/clock.js';
import { ClientError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { RateLimit } from '../../net/rate-limit.js';
import { PUSHED_PEERS_BURST, PUSHED_PEERS_PER_SECOND } from '../limits.js';
import type { ForeignPeer } from '../tracker-contact.js';
import type { PeerEndpoint, PeerReceiver } from './push-routes.js';
import { requireListed, requireOwn, type SpokenFor } from './require-own.js';

/** The tracker's import. `origin`: who names the peers, for people. @throws ClientError `unavailable` while the tracker restarts */
export type PeerImport = (
  infoHash: InfoHash,
  peers: readonly ForeignPeer[],
  ttlSeconds: number,
  origin: string,
) => Promise<{
  /** Why no peer of this torrent was imported. */
  readonly torrent?: keyof typeof REFUSED_TORRENT;
  readonly taken: number;
  readonly refused: Readonly<Record<string, number>>;
}>;

export interface ReceiverNeeds extends SpokenFor {
  readonly clock: Clock;
  readonly importPeers: PeerImport;
  /**
   * Removes imported peers.
   * @param peers null: all of the torrent
   * @param origin only peers that it named; null: of all origins
   * @returns how many were removed
   */
  readonly removeImported: (
    infoHash: InfoHash,
    peers: readonly PeerEndpoint[] | null,
    origin: string | null,
  ) => Promise<number>;
}

const REFUSED_TORRENT = {
  'not-listed': 'this tracker does not serve this torrent (tracker.torrents): no peers were imported',
  denied: 'this torrent is on the deny list of this tracker: no peers were imported',
  private: 'this torrent is private (BEP 27), its peers come from its own tracker: no peers were imported',
} as const;

export function peerReceiver(needs: ReceiverNeeds): PeerReceiver {
  const { clock, importPeers, removeImported } = needs;
  const rate = new RateLimit(PUSHED_PEERS_PER_SECOND, PUSHED_PEERS_BURST);
  return {
    admit: (peers, from) => {
      requireListed(from, needs);
      const retryAfterSeconds = rate.take(from ?? '', clock.nowMs(), peers);
      if (retryAfterSeconds === 0) return;
      const detail = `more than ${PUSHED_PEERS_PER_SECOND} peers a second; send this again in ${retryAfterSeconds} s`;
      throw new Problem('too-many-requests', detail, { retryAfterSeconds });
    },
    pushPeers: async ({ infoHash, peers, ttlSeconds, removed }, from) => {
      requireOwn(infoHash, from, needs);
      const origin = `pushed by ${from ?? 'the operator'}`;
      const named = removed === 'all' ? null : removed;
      const removedCount =
        named === undefined ? 0 : await removeImported(infoHash, named, from === undefined ? null : origin);
      if (peers.length === 0) return { accepted: 0, removed: removedCount, refused: [] };
      const { torrent, taken, refused } = await importPeers(infoHash, peers, ttlSeconds, origin);
      if (torrent !== undefined) throw new ClientError(`torrent-${torrent}`, REFUSED_TORRENT[torrent]);
      return {
        accepted: taken,
        removed: removedCount,
        refused: Object.entries(refused).map(([reason, count]) => ({ reason, peers: count })),
      };
    },
  };
}
