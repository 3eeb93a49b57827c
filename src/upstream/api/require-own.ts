/** Which torrents an original tracker speaks for: with `hosts`, its own only. */
import { ClientError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { speaksFor } from '../speaks-for.js';

interface Partner {
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface SpokenFor {
  /**
   * The original trackers of a torrent, as its file or magnet link names them; empty if none is known. Never as clients name
   * them: an announce with a forged Host field would let one original tracker speak for the torrents of another.
   */
  readonly documentedTrackersOf: (infoHash: InfoHash) => readonly string[];
  /** Of the configuration in force. */
  readonly partners: () => readonly Partner[];
}

/**
 * A token alone does not say for which torrents its holder speaks.
 * @param from its name; undefined: the operator
 * @throws ClientError `forbidden`
 */
export function requireListed(from: string | undefined, { partners }: Pick<SpokenFor, 'partners'>): void {
  if (from !== undefined) listed(from, partners());
}

/**
 * For what an original tracker tells us. A torrent whose trackers are unknown is anybody's.
 * @param from its name; undefined: the operator, who speaks for every torrent
 * @throws ClientError `forbidden`, `torrent-of-others`
 */
export function requireOwn(infoHash: InfoHash, from: string | undefined, spokenFor: SpokenFor): void {
  if (from === undefined) return;
  const { hosts } = listed(from, spokenFor.partners());
  const trackers = spokenFor.documentedTrackersOf(infoHash);
  if (trackers.length > 0) requireHost(hosts, trackers);
}

/**
 * For what we tell an original tracker. A torrent whose trackers are unknown may be another's, or private (BEP 27), so it gets
 * nothing.
 * @throws ClientError `forbidden`, `torrent-of-others`, `torrent-unknown`
 */
export function requireKnownAndOwn(infoHash: InfoHash, from: string | undefined, spokenFor: SpokenFor): void {
  if (from === undefined) return;
  const { hosts } = listed(from, spokenFor.partners());
  const trackers = spokenFor.documentedTrackersOf(infoHash);
  if (trackers.length === 0)
    throw new ClientError('torrent-unknown', 'the trackers of this torrent are not known here');
  requireHost(hosts, trackers);
}

function listed(from: string, partners: readonly Partner[]): Partner {
  const partner = partners.find(({ name }) => name === from);
  if (partner !== undefined) return partner;
  const what = `${from} has a token, but no entry in upstream.originalTrackers`;
  throw new ClientError('forbidden', `${what}; the operator has to add it, with the hosts of its announce URLs`);
}

/** A partner without hosts speaks for every torrent; the operator is advised to list them. */
function requireHost(hosts: readonly string[], trackers: readonly string[]): void {
  if (hosts.length === 0 || speaksFor(hosts, trackers)) return;
  throw new ClientError('torrent-of-others', `no announce URL of this torrent is at ${hosts.join(' or ')}`);
}
