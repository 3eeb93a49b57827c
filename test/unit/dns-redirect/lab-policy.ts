/** The redirections that the tests of this folder share. */

import { compileRedirectPolicy, type RedirectRules } from '../../../src/dns-redirect/redirect-policy.js';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';

export const labRules: RedirectRules = {
  sites: [{ name: 'linuxtracker.example' }],
  trackers: [{ name: 'tracker.example.org' }],
  mirrorAddresses: [parseIp('203.0.113.20'), parseIp('2001:db8:100::20')],
  trackerAddresses: [parseIp('203.0.113.21')],
  clients: [parsePrefix('127.0.0.0/16'), parsePrefix('203.0.113.0/24')],
  ttlSeconds: 45,
  serial: 7,
};

export const labPolicy = compileRedirectPolicy(labRules);
