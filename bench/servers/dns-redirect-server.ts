/** The redirection alone, for `bench/dns.ts`: as its thread runs it, in a process of its own. Says its port on standard output. */

import { createDnsRedirect } from '../../src/dns-redirect/dns-redirect.js';
import { NameCounters } from '../../src/dns-redirect/name-counters.js';
import { compileRedirectPolicy } from '../../src/dns-redirect/redirect-policy.js';
import { systemClock } from '../../src/domain/clock.js';
import { parseIp, parsePrefix } from '../../src/domain/ip-address.js';
import { chooseTransport } from '../../src/transport/choose-transport.js';

const [names = '10000', upstreamPort = '53'] = process.argv.slice(2);
const policy = compileRedirectPolicy({
  sites: [],
  trackers: Array.from({ length: Number(names) }, (_, i) => ({ name: `listed${i}.example` })),
  mirrorAddresses: [],
  trackerAddresses: [parseIp('203.0.113.21')],
});
const { transport } = await chooseTransport('linux', systemClock);
const redirect = createDnsRedirect({
  listen: [{ host: '127.0.0.1', port: 0 }],
  transport,
  clock: systemClock,
  settings: {
    policy,
    nameCounters: NameCounters.memoryFor(policy),
    upstreamResolvers: [{ host: '127.0.0.1', port: Number(upstreamPort) }],
    allowQueries: [parsePrefix('127.0.0.0/8')],
    rates: {
      queriesPerSecond: 500,
      ipv4PrefixLength: 32,
      ipv6PrefixLength: 64,
      rateLimits: [],
      trustedResolvers: [parsePrefix('127.0.0.0/8')],
    },
    cacheBytes: 64 * 1024 * 1024,
  },
});
await redirect.start();
console.log(redirect.addresses[0]!.port);
