/** The settings of the server that answers, from the configuration. */
import { type Prefix, parsePrefix } from '../domain/ip-address.js';
import { machineAddresses } from '../net/machine-addresses.js';
import type { AnnounceListener } from './bittorrent-text.js';
import { chosenClients } from './client-key.js';
import { NameCounters } from './name-counters.js';
import { compileRedirectPolicy } from './redirect-policy.js';
import type { RedirectConfig, RedirectSection } from './section.js';
import type { ServerSettings } from './server-settings.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parsePrefix);

/** @throws OperatorError if the redirections cannot be compiled */
export function settingsOf(
  section: RedirectSection,
  { operator, storage }: Pick<RedirectConfig, 'operator' | 'storage'>,
  serial: number,
  trackerListeners: readonly AnnounceListener[],
): ServerSettings {
  const policy = compileRedirectPolicy({ ...section, ...chosenClients(section, storage), serial, trackerListeners });
  return {
    policy,
    nameCounters: NameCounters.memoryFor(policy),
    upstreamResolvers: section.upstreamResolvers,
    allowQueries: allowedToAsk(section, operator),
    rates: {
      queriesPerSecond: section.queriesPerSecondPerClient,
      ipv4PrefixLength: section.ipv4ClientPrefix,
      ipv6PrefixLength: section.ipv6ClientPrefix,
      rateLimits: section.rateLimits,
      trustedResolvers: section.trustedResolvers,
    },
    cacheBytes: section.cacheBytes,
  };
}

/** The clients whose queries are answered. All others are refused, because an open resolver serves attacks on others. */
export function allowedToAsk(
  { allowQueries, clients, trustedResolvers }: RedirectSection,
  { networks }: RedirectConfig['operator'],
): readonly Prefix[] {
  if (allowQueries.length > 0) return [...allowQueries, ...trustedResolvers];
  const thisMachine = [...LOOPBACK, ...machineAddresses().map(parsePrefix)];
  return [...networks.flatMap(({ prefixes }) => prefixes), ...clients, ...trustedResolvers, ...thisMachine];
}
