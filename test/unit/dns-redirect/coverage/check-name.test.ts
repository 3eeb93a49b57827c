import { expect, test } from 'vitest';
import { AnnounceUsage } from '../../../../src/dns-redirect/coverage/announce-usage.js';
import { type CheckMeans, checkName } from '../../../../src/dns-redirect/coverage/check-name.js';
import type { OriginalFacts } from '../../../../src/dns-redirect/coverage/original-facts.js';
import { urlOfCheck } from '../../../../src/dns-redirect/health/health-plan.js';
import { compileRedirectPolicy } from '../../../../src/dns-redirect/redirect-policy.js';
import { parseIp } from '../../../../src/domain/ip-address.js';

const PLAIN: OriginalFacts = {
  ipv4: [parseIp('192.0.2.1')],
  ipv6: [],
  hasMx: true,
  cname: undefined,
  texts: [],
  signedZone: null,
  https: { answers: false, hsts: false },
};

interface Given {
  readonly urls?: readonly string[][];
  readonly facts?: Partial<OriginalFacts>;
  /** URLs of checks that succeed. */
  readonly up?: readonly string[];
  readonly means?: Partial<CheckMeans>;
  readonly https?: 'check' | 'ignore';
}

/** `what: verdict` of each row that is not ok. */
async function verdicts(
  name: string,
  { urls = [], facts = {}, up = [], means = {}, https = 'check' }: Given,
): Promise<string[]> {
  const { names } = compileRedirectPolicy({
    sites: [{ name: 'site.example', https }],
    trackers: [{ name: 't.example' }],
    mirrorAddresses: [parseIp('203.0.113.20')],
    trackerAddresses: [parseIp('203.0.113.21')],
  });
  const usage = new AnnounceUsage(['t.example']);
  for (const each of urls) usage.add(each);
  const rows = await checkName(
    { name, entry: names.get(name)!, usage: usage.of(name), facts: { ...PLAIN, ...facts } },
    {
      trackerPorts: [{ protocol: 'udp', port: 6969 }],
      tryPort: async (check) => (up.includes(urlOfCheck(check)) ? undefined : 'nothing listens there'),
      usersHaveIpv6: true,
      signedNames: 'leave',
      ...means,
    },
  );
  return rows.filter(({ verdict }) => verdict !== 'ok').map(({ what, verdict }) => `${what}: ${verdict}`);
}

const SITE_UP = ['http://203.0.113.20:80'];
const HTTPS_UP = 'https://203.0.113.20:443 (site.example)';
const UDP = 'udp://203.0.113.21:6969';

test.each<[string, Given, string[]]>([
  ['a site that is served', { up: SITE_UP }, []],
  ['a closed port', { up: [] }, ['http 80: loses']],
  [
    'HTTPS without a certificate for the name',
    { up: SITE_UP, facts: { https: { answers: true, hsts: true } } },
    ['https 443 (the original has it, with HSTS): loses'],
  ],
  ['HTTPS with one', { up: [...SITE_UP, HTTPS_UP], facts: { https: { answers: true, hsts: false } } }, []],
  [
    'HTTPS that the operator gives up',
    { up: SITE_UP, facts: { https: { answers: true, hsts: false } }, https: 'ignore' },
    ['https 443 (the original has it): note'],
  ],
  ['HTTPS unknown', { up: SITE_UP, facts: { https: undefined } }, ['https 443: unknown']],
  ['IPv6 of the original', { up: SITE_UP, facts: { ipv6: [parseIp('2001:db8::1')] } }, ['AAAA: loses']],
  [
    'IPv6 that no user has',
    { up: SITE_UP, facts: { ipv6: [parseIp('2001:db8::1')] }, means: { usersHaveIpv6: false } },
    ['AAAA: note'],
  ],
  ['the original’s own address', { up: SITE_UP, facts: { ipv4: [parseIp('203.0.113.20')] } }, ['addresses: loses']],
  ['a signed zone', { up: SITE_UP, facts: { signedZone: 'site.example' } }, ['DNSSEC: note']],
  [
    'a signed zone that is redirected all the same',
    { up: SITE_UP, facts: { signedZone: 'site.example' }, means: { signedNames: 'redirect' } },
    ['DNSSEC: loses'],
  ],
  ['mail without MX', { up: SITE_UP, facts: { hasMx: false } }, ['MX: note']],
  ['an alias', { up: SITE_UP, facts: { cname: 'cdn.example' } }, ['CNAME: note']],
])('%s', async (_, given, expected) => {
  expect(await verdicts('site.example', given)).toEqual(expected);
});

test.each<[string, Given, string[]]>([
  ['a port that answers', { urls: [['udp://t.example:6969/announce']], up: [UDP] }, []],
  [
    'a port that does not',
    { urls: [['udp://t.example:6969/announce'], ['http://t.example:80/ann']], up: [UDP] },
    ['http 80 (1 torrent, paths /ann): loses'],
  ],
  [
    'a port beside one that answers',
    { urls: [['udp://t.example:6969/announce', 'http://t.example:80/announce']], up: [UDP] },
    ['http 80 (1 torrent): note'],
  ],
  [
    'a protocol that it does not speak',
    { urls: [['udp://t.example:6969/announce'], ['wss://t.example/announce']], up: [UDP] },
    ['wss 443 (1 torrent): loses'],
  ],
  ['no torrent', { up: [UDP] }, ['ports: unknown']],
  ['no torrent and no port', {}, ['ports: loses']],
  ['BEP 34', { up: [UDP], facts: { texts: ['v=spf1', 'BITTORRENT DENY ALL'] } }, ['ports: unknown', 'TXT: loses']],
  ['BEP 34 with ports', { up: [UDP], facts: { texts: ['BITTORRENT UDP:80'] } }, ['ports: unknown']],
])('a tracker: %s', async (_, given, expected) => {
  expect(await verdicts('t.example', given)).toEqual(expected);
});
