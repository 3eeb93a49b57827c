/** The DNS redirection as a part of the program: its section of the configuration, and how it is started. */
import type { ConfiguredSocket } from '../config-kit/config-part.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Part } from '../part/part.js';
import { redirectionHasTargets, redirectionIsPossible } from './check-redirection.js';
import { addressesNotListenedOn, clientsThatMayNotAsk, sitesWithoutTheirPort } from './redirect-advice.js';
import { rpzIsComplete, zonesHaveNoPercentage } from './rpz/check-rpz.js';
import type { RedirectNeeds, RunningRedirection } from './running-redirection.js';
import { type RedirectConfig, schema } from './section.js';

export const dnsRedirectPart: Part<'dnsRedirect', typeof schema, RedirectConfig, RedirectNeeds, RunningRedirection> = {
  key: 'dnsRedirect',
  name: 'DNS redirection',
  label: 'dns-redirect',
  schema,
  live: [
    'upstreamResolvers',
    'clients',
    'optOut',
    'percent',
    'schedule',
    'mode',
    'mirrorAddresses',
    'trackerAddresses',
    'sites',
    'trackers',
    'ttl',
    'signedNames',
    'canaries',
    'allowQueries',
    'trustedResolvers',
    'queriesPerSecondPerClient',
    'rateLimits',
    'cacheSize',
    'rpz.secondaries',
    'rpz.keys',
    'rpz.expire',
  ],
  checks: [redirectionHasTargets, redirectionIsPossible, rpzIsComplete],
  // An empty list: other resolvers redirect, by zones or exported files.
  isOn: ({ dnsRedirect }) => dnsRedirect !== undefined && dnsRedirect.listen.length > 0,
  examine: async (config) => (await import('./examine-redirection.js')).examineRedirection(config),
  advice: [sitesWithoutTheirPort, addressesNotListenedOn, clientsThatMayNotAsk, zonesHaveNoPercentage],
  sockets: ({ dnsRedirect }) => [
    ...socketsOf(dnsRedirect?.listen ?? [], ['dnsRedirect', 'listen']),
    ...socketsOf(dnsRedirect?.rpz?.listen ?? [], ['dnsRedirect', 'rpz', 'listen']),
  ],
  text: `dnsRedirect:                            # leave the section out to redirect with your own resolver
  listen: ["127.0.0.1:10053"]           # UDP and TCP; []: no server of its own, which is the default where rpz is set
  upstreamResolvers: ["192.0.2.53"]     # every other name is asked there
  clients: []                           # prefixes that are redirected; empty: everyone who asks
  optOut: []                            # prefixes that are never redirected
  percent: 100                          # of the clients, chosen by a keyed hash of address or /64: the same after a restart
  schedule: []                          # only then, e.g. [ { from: "18:00", to: "24:00", timeZone: Europe/Berlin, days: [sat, sun] } ]
  mode: redirect                        # shadow: counts what would be redirected, and forwards
  mirrorAddresses: [203.0.113.20, "2001:db8:100::20"]
  trackerAddresses: [203.0.113.21]
  sites: []                             # names of original sites, or { name: site.example, port: 8080, https: ignore }; the default
                                        # port is 80; https: ignore redirects even if only the original has HTTPS
  trackers: []                          # names of original trackers; with an address of its own:
                                        # { name: tracker.example.org, address: [203.0.113.22] }
  healthChecks: true                    # connect to all addresses and ports; names whose target does not answer are forwarded
  ttl: 30s
  signedNames: leave                    # or redirect: for clients that ask for DNSSEC signatures
  canaries: false                       # true: tell browsers and iCloud Private Relay to use this resolver
  allowQueries: []                      # empty: operator.networks, clients, trustedResolvers and this machine
  trustedResolvers: []                  # resolvers of many users that forward to this one: no rate limit
  queriesPerSecondPerClient: 500        # a client that asks more is sent to TCP
  ipv4ClientPrefix: 32                  # clients with the same first bits share a rate
  ipv6ClientPrefix: 64
  rateLimits: []                        # e.g. { prefix: 203.0.113.64/26, queriesPerSecond: 5000 }
  cacheSize: 64MiB                      # answers of the upstream resolvers; 0B: keep none
  # rpz:                                # response policy zones for your own BIND, Unbound or PowerDNS Recursor: docs/dns.md
  #   listen: ["203.0.113.53:5300"]     # UDP and TCP; NOTIFY is sent from here
  #   zone: rpz.alias-tracker           # the redirected names
  #   exemptZone: rpz-exempt.alias-tracker  # the clients that are not redirected; comes first in the resolver
  #   secondaries:                      # who may transfer, and is notified of changes; notify: false for PowerDNS Recursor
  #     - { address: "203.0.113.5:53", key: isp, notify: true }
  #   keys:                             # TSIG: hmac-sha256, hmac-sha384 or hmac-sha512; openssl rand -base64 32
  #     - { name: isp, algorithm: hmac-sha256, secret: "\${RPZ_KEY}" }
  #   expire: 10m                       # after this long without an answer, BIND stops redirecting
  #   serials: any                      # where two alias trackers serve the same resolvers: even and odd
  #   onStop: withdraw                  # when the program stops, the resolvers get a zone without names; keep: they redirect on
`,
  threadName: 'dns',
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs) => (await import('./running-redirection.js')).RunningRedirection.start(config, needs),
  routes: async (running) => (await import('./api/query-routes.js')).queryRoutes(running),
  metrics: async (running) => (await import('./api/redirection-metrics.js')).redirectionMetrics(running),
};

function socketsOf(listen: readonly Endpoint[], path: ConfigPath): ConfiguredSocket[] {
  return listen.flatMap((each, i) =>
    (['udp', 'tcp'] as const).map((protocol) => ({ ...each, path: [...path, i], protocol })),
  );
}
