/**
 * Imports peers that others name into a swarm: the answers of original trackers, and peers that they push. Reports the result for
 * each, so that the sender can distinguish a typing error from a rule.
 */
import { OwnAddresses } from '../domain/own-addresses.js';
import type { Announcer } from './announcer.js';
import type { ImportQuery, UpstreamPeerData } from './data-plane-messages.js';
import { type ImportRefusal, importRefusal } from './peer-rules.js';
import { REFUSAL_DENIED, REFUSAL_NONE } from './refusals.js';

export interface ImportOutcome {
  /** Why no peer of this torrent is imported: the tracker does not serve it. No swarm is created. */
  readonly torrent?: 'not-listed' | 'denied';
  /** Peers that are in the swarm now. */
  readonly taken: number;
  /** Refused peers, by reason. */
  readonly refused: Readonly<Partial<Record<ImportRefusal, number>>>;
}

export function importPeers(announcer: Announcer, query: ImportQuery): ImportOutcome {
  const { infoHash, peers, ttlSeconds, own, origin } = query;
  const access = announcer.refusalOf(infoHash, 0);
  if (access !== REFUSAL_NONE) {
    return { torrent: access === REFUSAL_DENIED ? 'denied' : 'not-listed', taken: 0, refused: {} };
  }
  const ownAddresses = new OwnAddresses(own);
  const refused: Partial<Record<ImportRefusal, number>> = {};
  const seen = new Set<string>();
  const refusalOf = (peer: UpstreamPeerData, group: number): ImportRefusal | undefined => {
    const { family, words, port } = peer;
    const key = `${words.join(' ')} ${port}`;
    if (seen.has(key)) return 'repeated';
    seen.add(key);
    if (ownAddresses.has({ family, words }, port)) return 'own-address';
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
    return importRefusal(announcer.settings, family, word0, word1, word2, word3, port, announcer.isInner(group));
  };
  const usable = peers.flatMap((peer) => {
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = peer.words;
    const group = announcer.groupOf(peer.family, word0, word1, word2, word3);
    const refusal = refusalOf(peer, group);
    if (refusal === undefined) return [{ ...peer, group }];
    refused[refusal] = (refused[refusal] ?? 0) + 1;
    return [];
  });
  const { store, nowSeconds } = announcer;
  const { addressLimit, swarmLimit, noRoom } = store.addUpstreamPeers(infoHash, usable, ttlSeconds, nowSeconds, origin);
  if (addressLimit > 0) refused['address-limit'] = addressLimit;
  if (swarmLimit > 0) refused['swarm-limit'] = swarmLimit;
  if (noRoom > 0) refused['no-room'] = noRoom;
  return { taken: usable.length - addressLimit - swarmLimit - noRoom, refused };
}

/**
 * Removes, in slices, imported peers that the rules no longer permit. An address that has become one of the operator's own would
 * count as an inner peer on a stranger's word.
 */
export function reviewImports(announcer: Announcer): void {
  announcer.store.sweeps.importReview.reviewImports((family, word0, word1, word2, word3, port) => {
    const isInner = announcer.isInner(announcer.groupOf(family, word0, word1, word2, word3));
    return importRefusal(announcer.settings, family, word0, word1, word2, word3, port, isInner) !== undefined;
  });
}
