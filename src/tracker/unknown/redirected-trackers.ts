/**
 * The names of original trackers that lead here, and the addresses that they lead to. Over HTTP a client says which name it means
 * (the Host field). Over UDP only the address that it asked says so, if no other name leads there.
 */
import { formatIp, type IpAddress } from '../../domain/ip-address.js';

/** What the tracker does with a torrent that is announced under such a name, and that neither catalogue nor mirror site know. */
export type UnknownTorrents = 'track' | 'exchange' | 'refuse';

/** Plain data, since it crosses to the worker. */
export interface RedirectedTrackersData {
  readonly unknownTorrents: UnknownTorrents;
  readonly trackers: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export const NOTHING_REDIRECTED: RedirectedTrackersData = { unknownTorrents: 'track', trackers: [] };

/** As the section `dnsRedirect` has them. */
export interface RedirectedNames {
  readonly trackers: readonly { readonly name: string; readonly address?: readonly IpAddress[] | undefined }[];
  readonly trackerAddresses: readonly IpAddress[];
}

export function redirectedTrackers(
  unknownTorrents: UnknownTorrents,
  redirected: RedirectedNames | undefined,
): RedirectedTrackersData {
  const { trackers = [], trackerAddresses = [] } = redirected ?? {};
  return {
    unknownTorrents,
    trackers: trackers.map(({ name, address = trackerAddresses }) => ({
      name: name.toLowerCase().replace(/\.$/, ''),
      addresses: address.map(formatIp),
    })),
  };
}

export class RedirectedTrackers {
  private readonly names: ReadonlySet<string>;
  private readonly byAddress = new Map<string, string[]>();

  constructor({ trackers }: RedirectedTrackersData) {
    this.names = new Set(trackers.map(({ name }) => name));
    for (const { name, addresses } of trackers) {
      for (const address of addresses) this.byAddress.set(address, [...(this.byAddress.get(address) ?? []), name]);
    }
  }

  /** @param name in lower case */
  hasName(name: string): boolean {
    return this.names.has(name);
  }

  /** The names that lead to an address of this machine. */
  namesAt(address: IpAddress): readonly string[] {
    return this.byAddress.get(formatIp(address)) ?? [];
  }
}
