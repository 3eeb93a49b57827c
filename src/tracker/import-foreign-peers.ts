/** Imports foreign peers into the swarms: those that the exchange asked for, and those that an original tracker pushed. */
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import { machineAddresses } from '../net/machine-addresses.js';
import { ownEndpoints, trackerTargets } from '../net/own-endpoints.js';
import type { UpstreamPeerData } from './data-plane-messages.js';
import type { ImportOutcome } from './import-peers.js';
import type { ImportRefusal } from './peer-rules.js';
import type { TrackerConfig } from './section.js';
import type { SupervisedDataPlane } from './supervised-data-plane.js';

/** As an original tracker lists it. */
export interface ForeignPeer {
  readonly address: IpAddress;
  readonly port: number;
  readonly seed: boolean;
}

/** The data plane imports this many in a few hundred microseconds. Announces wait no longer than that. */
const PEERS_PER_MESSAGE = 250;

/**
 * @param origin who names them, as people read it: an original tracker without its path, `pushed by NAME`
 * @throws ClientError `unavailable` while the tracker restarts
 */
export async function importForeignPeers(
  config: TrackerConfig,
  dataPlane: Pick<SupervisedDataPlane, 'addresses' | 'addUpstreamPeers'>,
  infoHash: InfoHash,
  peers: readonly ForeignPeer[],
  ttlSeconds: number,
  origin: string,
): Promise<ImportOutcome> {
  const own = endpointsOfNoPeer(config, dataPlane.addresses);
  let taken = 0;
  const refused: Partial<Record<ImportRefusal, number>> = {};
  for (let at = 0; at < peers.length; at += PEERS_PER_MESSAGE) {
    const some = peers.slice(at, at + PEERS_PER_MESSAGE).map(peerData);
    const outcome = await dataPlane.addUpstreamPeers(infoHash, some, ttlSeconds, own, origin);
    if (outcome.torrent !== undefined) return outcome;
    taken += outcome.taken;
    for (const [reason, count] of Object.entries(outcome.refused)) {
      refused[reason as ImportRefusal] = (refused[reason as ImportRefusal] ?? 0) + count;
    }
  }
  return { taken, refused };
}

/**
 * Endpoints that cannot be a foreign peer: the listeners of this installation, and all addresses of this machine. In a lab
 * the peers are on this machine, so only the listeners count.
 */
export function endpointsOfNoPeer(
  { lab, dnsRedirect }: Pick<TrackerConfig, 'lab' | 'dnsRedirect'>,
  bound: readonly { readonly host: string; readonly port: number }[],
): OwnEndpoint[] {
  const redirectedTo = [...trackerTargets(dnsRedirect), ...(dnsRedirect?.mirrorAddresses ?? [])];
  const machine = lab ? [] : machineAddresses().map((host) => ({ host }));
  return [...ownEndpoints(bound, redirectedTo), ...machine];
}

function peerData({ address, port, seed }: ForeignPeer): UpstreamPeerData {
  return { family: address.family, words: address.words, port, seed };
}
