/** The one way of foreign peers into the swarms, whether the exchange asked for them or an original tracker pushed them. */
import type { Config } from '../config/config-schema.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import { machineAddresses } from '../net/machine-addresses.js';
import type { UpstreamPeerData } from '../tracker/data-plane-messages.js';
import type { ImportOutcome } from '../tracker/import-peers.js';
import type { ImportRefusal } from '../tracker/peer-rules.js';
import type { ForeignPeer } from '../upstream/tracker-contact.js';
import type { KeptDataPlane } from './kept-data-plane.js';
import { ownEndpoints } from './own-endpoints.js';

/** As many at a time, so that answers to peers do not wait: some hundred microseconds. */
const PEERS_A_TURN = 250;

/** @throws ClientError `unavailable` while the tracker is being started again */
export async function importForeignPeers(
  config: Config,
  dataPlane: KeptDataPlane,
  infoHash: InfoHash,
  peers: readonly ForeignPeer[],
  ttlSeconds: number,
): Promise<ImportOutcome> {
  const own = endpointsOfNoPeer(config, dataPlane.addresses);
  let taken = 0;
  const refused: Partial<Record<ImportRefusal, number>> = {};
  for (let at = 0; at < peers.length; at += PEERS_A_TURN) {
    const some = peers.slice(at, at + PEERS_A_TURN).map(peerData);
    const outcome = await dataPlane.addUpstreamPeers(infoHash, some, ttlSeconds, own);
    if (outcome.torrent !== undefined) return outcome;
    taken += outcome.taken;
    for (const [reason, count] of Object.entries(outcome.refused)) {
      refused[reason as ImportRefusal] = (refused[reason as ImportRefusal] ?? 0) + count;
    }
  }
  return { taken, refused };
}

/**
 * What no foreign peer can be: the listeners of this installation, and outside of a lab, where everybody is on one machine,
 * all addresses of this machine.
 */
export function endpointsOfNoPeer(
  { lab, dnsRedirect }: Config,
  bound: readonly { readonly host: string; readonly port: number }[],
): OwnEndpoint[] {
  const redirectedTo = [...(dnsRedirect?.trackerAddresses ?? []), ...(dnsRedirect?.mirrorAddresses ?? [])];
  const machine = lab ? [] : machineAddresses().map((host) => ({ host }));
  return [...ownEndpoints(bound, redirectedTo), ...machine];
}

function peerData({ address, port, seed }: ForeignPeer): UpstreamPeerData {
  return { family: address.family, words: address.words, port, seed };
}
