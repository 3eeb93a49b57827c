/** An original tracker that has `hosts` speaks for its own torrents only. */
import { ClientError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { speaksFor } from '../speaks-for.js';

export interface SpokenFor {
  /** The original trackers of a torrent; empty if none is known. */
  readonly trackersOf: (infoHash: InfoHash) => readonly string[];
  /** Of the configuration in force. */
  readonly partners: () => readonly { readonly name: string; readonly hosts: readonly string[] }[];
}

/**
 * A partner without hosts speaks for every torrent; the operator is advised to list them.
 * @param from its name; undefined: the operator
 * @throws ClientError `torrent-of-others`
 */
export function requireOwn(infoHash: InfoHash, from: string | undefined, { partners, trackersOf }: SpokenFor): void {
  const hosts = partners().find(({ name }) => name === from)?.hosts ?? [];
  if (hosts.length === 0) return;
  const trackers = trackersOf(infoHash);
  if (trackers.length === 0 || speaksFor(hosts, trackers)) return;
  throw new ClientError('torrent-of-others', `no announce URL of this torrent is at ${hosts.join(' or ')}`);
}
