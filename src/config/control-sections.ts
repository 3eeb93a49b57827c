/** `reports`, `control` and `labServices`: who may report, who may operate, and the lab's stand-ins for the world. */
import { z } from 'zod';
import { endpoint, listenUrl } from './address-schemas.js';
import { duration, hostName, identifier, section, token, wholeNumber } from './field-schemas.js';
import { tlsFiles } from './tracker-section.js';

const probe = section({
  id: identifier,
  subdomains: z.array(identifier).min(1, { error: 'give the sub-domains that it may report on' }),
  token: token.optional(),
});

export const reportsSection = section({
  probes: z.array(probe).prefault([]),
  /** Nobody's line uploads more, whatever it reports; a sub-domain may say otherwise. */
  uplinkBpsMax: wholeNumber(1, 1e12).prefault(1_000_000_000),
  freshness: duration('1s', '7d').prefault('15m'),
  history: duration('1m', '3650d').prefault('7d'),
}).transform(({ freshness, history, ...rest }) => ({ ...rest, freshnessMs: freshness, historyMs: history }));

export const controlSection = section({
  listen: listenUrl('http', 'https').prefault('http://127.0.0.1:8090'),
  token: token.optional(),
  tls: tlsFiles.optional(),
});

export const labServicesSection = section({
  originalSite: section({
    name: hostName.prefault('www.original.lab'),
    listen: z.array(listenUrl('http')).min(1).prefault(['http://127.4.0.80:8080', 'http://127.0.0.1:8181']),
  }).prefault({}),
  originalTracker: section({
    name: hostName.prefault('tracker.original.lab'),
    listen: z.array(listenUrl('udp', 'http')).min(1).prefault(['udp://127.4.0.69:6969', 'http://127.4.0.69:6969']),
  }).prefault({}),
  resolver: endpoint().prefault('127.4.0.53:5353'),
  seeds: z.array(endpoint()).prefault(['127.4.0.20:6881']),
});
