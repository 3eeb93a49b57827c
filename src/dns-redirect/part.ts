/** The DNS redirection as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import { redirectionHasTargets, redirectionIsPossible } from './check-redirection.js';
import { addressesNotListenedOn, sitesWithoutTheirPort } from './redirect-advice.js';
import type { RedirectNeeds, RunningRedirection } from './running-redirection.js';
import { type RedirectConfig, schema } from './section.js';

export const dnsRedirectPart: Part<'dnsRedirect', typeof schema, RedirectConfig, RedirectNeeds, RunningRedirection> = {
  key: 'dnsRedirect',
  name: 'DNS redirection',
  label: 'dns-redirect',
  schema,
  live: [
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
  ],
  checks: [redirectionHasTargets, redirectionIsPossible],
  examine: async (config) => (await import('./examine-redirection.js')).examineRedirection(config),
  advice: [sitesWithoutTheirPort, addressesNotListenedOn],
  sockets: ({ dnsRedirect }) =>
    (dnsRedirect?.listen ?? []).flatMap((each, i) =>
      (['udp', 'tcp'] as const).map((protocol) => ({ ...each, path: ['dnsRedirect', 'listen', i], protocol })),
    ),
  text: `dnsRedirect:                            # leave the section out to redirect with your own resolver
  listen: ["127.0.0.1:5353"]            # UDP and TCP
  upstreamResolvers: ["192.0.2.53"]     # every other name is asked there
  clients: []                           # prefixes that are redirected; empty: everyone who asks
  optOut: []                            # prefixes that are never redirected
  percent: 100                          # of the clients, chosen by a keyed hash of address or /64: the same after a restart
  schedule: []                          # only then, e.g. [ { from: "18:00", to: "24:00", timeZone: Europe/Berlin, days: [sat, sun] } ]
  mode: redirect                        # shadow: counts what would be redirected, and forwards
  mirrorAddresses: [203.0.113.20, "2001:db8:100::20"]
  trackerAddresses: [203.0.113.21]
  sites: []                             # names of original sites; one on another port than 80: { name: site.example, port: 8080 }
  trackers: []                          # names of original trackers; with an address of its own:
                                        # { name: tracker.example.org, address: [203.0.113.22] }
  ttl: 30s
  queriesPerSecondPerClient: 500        # raise it where the clients are resolvers that ask for many
`,
  threadName: 'dns',
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs) => (await import('./running-redirection.js')).RunningRedirection.start(config, needs),
  routes: async (running, { targets }) => {
    const { redirectionRoutes } = await import('./api/redirection-routes.js');
    const { redirectionView } = await import('./api/redirection-view.js');
    const redirection = running();
    return redirectionRoutes(redirection && redirectionView(redirection, targets));
  },
  metrics: async (running) => (await import('./api/redirection-view.js')).redirectionMetrics(running),
};
