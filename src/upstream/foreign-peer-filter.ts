/** Which of the peers that a tracker names may be handed out: each once, no machine inside, not ourselves. */
import { isBogon } from '../domain/bogon.js';
import { peerKey } from './compact-peers.js';
import type { ForeignPeer } from './tracker-contact.js';

export function usablePeers(
  peers: readonly ForeignPeer[],
  options: { readonly lab: boolean; readonly isOurselves: (peer: ForeignPeer) => boolean },
): ForeignPeer[] {
  const seen = new Set<string>();
  return peers.filter((peer) => {
    const key = peerKey(peer);
    if (seen.has(key) || options.isOurselves(peer) || (!options.lab && isBogon(peer.address))) return false;
    seen.add(key);
    return true;
  });
}
