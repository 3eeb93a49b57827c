/** What other resolvers redirect now, on our behalf: by response policy zones or by exported files. */
import type { IpAddress, Prefix } from '../domain/ip-address.js';
import { periodInForce } from '../selection/billing-schedule.js';
import type { AnnounceListener } from './bittorrent-text.js';
import { compileRedirectPolicy, type RedirectedName } from './redirect-policy.js';
import type { RedirectSection } from './section.js';

export interface ActiveName {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  /** Of a tracker: the TXT record that says which ports it has here (BEP 34). */
  readonly announceText?: string | undefined;
}

export interface ActiveRedirections {
  /** Those with a healthy address. */
  readonly names: readonly ActiveName[];
  /** Undefined: everyone is redirected. */
  readonly clients: readonly Prefix[] | undefined;
  readonly optOut: readonly Prefix[];
  readonly ttlSeconds: number;
}

export interface NameHealth {
  /** @param address its index in the addresses of the name */
  isHealthy(name: RedirectedName, address: number): boolean;
}

/**
 * Other resolvers redirect all clients alike. So there are no names while only a percentage of the clients is to be
 * redirected, nor in shadow mode, nor outside of the schedule.
 */
export function activeRedirections(
  section: RedirectSection,
  health: NameHealth,
  nowMs: number,
  trackerListeners: readonly AnnounceListener[],
): ActiveRedirections {
  const { clients, optOut, schedule, percent } = section;
  const { names, mode, ttlSeconds } = compileRedirectPolicy({ ...section, percent: 100, trackerListeners });
  const isOpen = schedule.length === 0 || periodInForce(schedule, nowMs) !== undefined;
  const active = [...names]
    .map(([name, redirected]) => ({
      name,
      announceText: redirected.announceText,
      addresses: redirected.addresses.filter((_, index) => health.isHealthy(redirected, index)),
    }))
    .filter(({ addresses }) => addresses.length > 0);
  return {
    names: isOpen && mode === 'redirect' && percent === 100 ? active : [],
    clients: clients.length > 0 ? clients : undefined,
    optOut,
    ttlSeconds,
  };
}
