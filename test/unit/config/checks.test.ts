/** Values that are each right and together cannot work, and values that look right and mean something else. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adviceOn } from '../../../src/config/advice.js';
import { isIpv6Only } from '../../../src/config/listeners.js';
import { parseConfig } from '../../../src/config/parse-config.js';

const OPERATOR = `operator:
  name: N
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ]
  subdomains: [ { id: north, prefixes: [203.0.113.0/25] } ]
`;
const redirect = (text: string): string =>
  `dnsRedirect: { upstreamResolvers: ["192.0.2.53"], mirrorAddresses: [203.0.113.20], trackerAddresses: [203.0.113.21], ${text} }\n`;

function problemsOf(text: string): string {
  try {
    parseConfig(OPERATOR + text);
    return '';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe('listeners', () => {
  test.each([
    ['tracker: { listen: ["http://127.0.0.1:6969", "http://127.0.0.1:6969"] }', 'tracker.listen[1]: tracker.listen[0]'],
    ['tracker: { listen: ["http://0.0.0.0:6969", "http://127.0.0.1:6969"] }', 'tracker.listen[1]: tracker.listen[0]'],
    [
      'tracker: { listen: ["http://[::]:6969", "https://[::1]:6969"], tls: { certificate: a, key: a } }',
      'tracker.listen[1]',
    ],
    ['control: { listen: "http://127.0.0.1:6969" }', 'control.listen: tracker.listen[1] listens on 0.0.0.0:6969 (TCP)'],
    ['mirrorSite: { listen: "http://127.0.0.1:8090" }\ncontrol: {}', 'control.listen: mirrorSite.listen listens on'],
    [
      'mirrorSite: { listen: ["http://127.0.0.1:80", "http://127.0.0.1:80"] }',
      'mirrorSite.listen[1]: mirrorSite.listen[0]',
    ],
    [
      'tracker: { listen: ["udp://127.0.0.1:10053"] }\ndnsRedirect: { upstreamResolvers: ["192.0.2.53"] }',
      '(UDP) already',
    ],
  ])('%s clash', (text, message) => {
    expect(problemsOf(text)).toContain(message);
  });

  test.each([
    'tracker: { listen: ["udp://127.0.0.1:6969", "http://127.0.0.1:6969"] }',
    'tracker: { listen: ["http://[::]:6969", "http://0.0.0.0:6969"] }',
    'tracker: { listen: ["http://127.0.0.1:6969", "http://127.0.0.2:6969"] }',
    'tracker: { listen: ["udp://127.0.0.1:0", "udp://127.0.0.1:0"] }',
  ])('%s do not', (text) => {
    expect(problemsOf(text)).toBe('');
  });

  test('on :: leave IPv4 to a listener that names it on the port, whichever part that is', () => {
    const config = parseConfig(
      `${OPERATOR}tracker: { listen: ["http://[::]:8090", "udp://[::]:8090", "http://[::]:0"] }\ncontrol: { listen: "http://127.0.0.1:8090" }\n`,
    );
    const [http, udp, free] = config.tracker.listen;
    expect(isIpv6Only(http!, 'tcp', config)).toBe(true);
    expect(isIpv6Only(udp!, 'udp', config)).toBe(false);
    expect(isIpv6Only(free!, 'tcp', config)).toBe(false);
    expect(isIpv6Only(config.control!.listen, 'tcp', config)).toBe(false);
  });
});

test.each(['ftp://a.example:6969/announce', 'udp:///announce', 'nonsense'])(
  'an announce URL "%s" is not one',
  (url) => {
    expect(problemsOf(`tracker: { announceUrls: ["${url}"] }`)).toContain('is not a URL that begins with');
  },
);

describe('tokens', () => {
  const probe = (id: string, token: string): string => `{ id: ${id}, subdomains: [north], token: ${token} }`;
  test.each([
    [
      `reports: { probes: [ ${probe('a', 'same-token')}, ${probe('b', 'same-token')} ] }`,
      'probes[1].token: is also the token of probe "a"',
    ],
    [
      `reports: { probes: [ ${probe('a', 'same-token')} ] }\nupstream: { originalTrackers: [ { name: t, token: same-token } ] }`,
      'originalTrackers[0].token: is also the token of probe "a"',
    ],
    [
      `control: { token: same-token }\nupstream: { originalTrackers: [ { name: t, token: same-token } ] }`,
      'so original tracker "t" could use every call',
    ],
  ])('%s', (text, message) => {
    expect(problemsOf(text)).toContain(message);
    expect(problemsOf(text.replace('same-token', 'other-token'))).toBe('');
  });
});

test.each([0, 23_456, 65_535, 4_294_967_295])('AS %d is nobody’s', (asn) => {
  const text = `operator: { name: N, networks: [ { asn: ${asn}, prefixes: [203.0.113.0/24] } ] }\n`;
  expect(() => parseConfig(text)).toThrow(new RegExp(`AS${asn} is nobody's`));
});

describe('redirections', () => {
  test.each([
    ['"*.a.example"', 'there are no wildcards'],
    ['"bücher.example"', 'write it as "xn--bcher-kva.example"'],
    ['"http://a.example/x"', 'write "a.example"'],
    ['"a.example:80"', 'without its port'],
    ['"."', 'is not a host name'],
    ['"1.2.3.4"', 'is not a host name'],
    ['"a..example"', 'is not a host name'],
    ['com', 'is a whole top-level domain'],
    ['localhost', 'is not a name on the Internet'],
    ['a.local', 'is not a name on the Internet'],
    ['retracker.local', 'is not a name on the Internet'],
    ['use-application-dns.net', 'remove it'],
    ['a.example, A.Example.', '"a.example" is listed twice'],
    ['a.example, www.a.example', '"www.a.example" comes with "a.example"'],
  ])('a site %s', (name, message) => {
    expect(problemsOf(redirect(`sites: [${name}]`))).toContain(message);
  });

  test('a tracker may be retracker.local, which exists only in the resolvers of providers', () => {
    expect(problemsOf(redirect('trackers: [retracker.local]'))).toBe('');
    expect(problemsOf(redirect('trackers: [other.local]'))).toContain('is not a name on the Internet');
  });

  test.each(['www.a.example', 'POPULAR.Example.', '"a_b.example"'])('a site %s is right', (name) => {
    expect(problemsOf(redirect(`sites: [${name}]`))).toBe('');
  });

  test.each([
    ['0.0.0.0', 'means "this network"'],
    ['255.255.255.255', 'is reserved'],
    ['224.0.0.1', 'is a multicast address'],
    ['"ff02::1"', 'is a multicast address'],
    ['"::"', 'is the unspecified address'],
    ['"fe80::1"', 'is link-local'],
    ['127.0.0.1', "is each user's own machine"],
    ['"::ffff:127.0.0.1"', "is each user's own machine"],
    ['203.0.113.20, 203.0.113.20', '203.0.113.20 is listed twice'],
  ])('to %s', (address, message) => {
    const text = redirect('sites: [a.example]').replace('[203.0.113.20]', `[${address}]`);
    expect(problemsOf(text)).toContain(message);
    const toTracker = redirect('trackers: [a.example]').replace('[203.0.113.21]', `[${address}]`);
    expect(problemsOf(toTracker)).toContain(message);
  });

  test('to loopback are right where the operator’s network is', () => {
    const text = redirect('sites: [a.example]').replace('203.0.113.20', '127.0.0.1');
    expect(problemsOf(`${text}lab: true\n`)).toBe('');
  });

  const advice = (text: string): string => adviceOn(parseConfig(OPERATOR + text)).join('\n');

  test('of sites are warned of where browsers find nobody', () => {
    const sites = redirect('sites: [a.example]');
    expect(advice(sites)).toContain('this configuration has no mirrorSite');
    expect(advice(`${sites}mirrorSite: {}\n`)).toContain('browsers open port 80');
    expect(advice(`${sites}mirrorSite: { listen: "http://127.0.0.1:80" }\n`)).toContain(
      'nothing here listens on 203.0.113.20',
    );
    expect(advice(`${sites}mirrorSite: { listen: "http://203.0.113.20:80" }\n`)).toBe('');
    expect(advice(redirect('trackers: [a.example]'))).toBe('');
    expect(advice(`${redirect('trackers: [a.example]')}tracker: { listen: ["udp://127.0.0.1:1"] }\n`)).toContain(
      'trackerAddresses: nothing here listens on 203.0.113.21',
    );
  });

  test('of clients that may not ask are warned of', () => {
    const to = (keys: string): string => advice(redirect(`trackers: [a.example]${keys}`));
    const asks = (allowed: string): string => to(`, clients: [203.0.113.0/25, 10.0.0.0/8], allowQueries: [${allowed}]`);
    expect(asks('203.0.113.0/24')).toContain('dnsRedirect.clients: 10.0.0.0/8 is not in dnsRedirect.allowQueries');
    expect(asks('203.0.113.0/24')).not.toContain('203.0.113.0/25');
    expect(asks('203.0.113.0/24, 10.0.0.0/8')).toBe('');
    expect(to(', clients: [10.0.0.0/8]')).toBe('');
  });
});

describe('https of the mirror site', () => {
  const TLS = join(import.meta.dirname, '../../vectors/tls');
  const pair = (name: string): string => `{ certificate: ${TLS}/${name}.cert.pem, key: ${TLS}/${name}.key.pem }`;
  const advice = (text: string): string => adviceOn(parseConfig(OPERATOR + text)).join('\n');

  test('needs a certificate, and is named by its place in the list', () => {
    const missing = 'https needs mirrorSite.tls with certificate and key';
    expect(problemsOf('mirrorSite: { listen: "https://127.0.0.1:443" }\n')).toContain(`mirrorSite.listen: ${missing}`);
    expect(problemsOf('mirrorSite: { listen: ["http://127.0.0.1:80", "https://127.0.0.1:443"] }\n')).toContain(
      `mirrorSite.listen[1]: ${missing}`,
    );
    expect(problemsOf(`mirrorSite: { listen: "https://127.0.0.1:443", tls: ${pair('one')} }\n`)).toBe('');
    expect(problemsOf(`mirrorSite: { listen: ["https://127.0.0.1:443"], tls: [${pair('one')}] }\n`)).toBe('');
  });

  test.each([
    ['mirrorSite: { listen: [] }\n', 'mirrorSite.listen: give at least one address to listen on'],
    ['mirrorSite: { listen: ["http://127.0.0.1:80", "x"] }\n', 'mirrorSite.listen[1]: "x" is not a literal address'],
    ['mirrorSite: { listen: 80 }\n', 'mirrorSite.listen: expected one address to listen on, or a list of them'],
    ['mirrorSite: { tls: [] }\n', 'mirrorSite.tls: give at least one certificate'],
    ['mirrorSite: { tls: [ { certificate: a } ] }\n', 'mirrorSite.tls[0].key: is missing'],
    ['mirrorSite: { tls: { certificate: a } }\n', 'mirrorSite.tls.key: is missing'],
    ['mirrorSite: { tls: [ { certificate: a, key: b, keys: c } ] }\n', 'mirrorSite.tls[0].keys: unknown key'],
    ['mirrorSite: { tls: "a.pem" }\n', 'mirrorSite.tls: expected one certificate, or a list of them'],
  ])('%s is named with its place', (text, message) => {
    expect(problemsOf(text)).toContain(message);
  });

  test('is warned of where a certificate serves nobody, or a redirected site has none', () => {
    const redirected = `dnsRedirect: { upstreamResolvers: [192.0.2.53], mirrorAddresses: [203.0.113.20], sites: [tracker-one.test, b.example] }\n`;
    expect(advice(`mirrorSite: { tls: ${pair('one')} }\n`)).toContain('no entry of mirrorSite.listen uses it');
    const both = 'listen: ["http://0.0.0.0:80", "https://0.0.0.0:443"]';
    expect(advice(`${redirected}mirrorSite: { ${both}, tls: [${pair('two')}, ${pair('one')}] }\n`)).toBe(
      'dnsRedirect.sites: no certificate of mirrorSite.tls is for b.example; browsers that open it with https:// show a warning',
    );
    expect(advice(`${redirected}mirrorSite: { listen: "http://0.0.0.0:80" }\n`)).toBe('');
  });
});

test('as many peers as a client may ask for may be the default', () => {
  expect(problemsOf('tracker: { numWantDefault: 80, numWantMax: 80 }\n')).toBe('');
});

describe('unknown torrents', () => {
  const names = redirect('trackers: [tracker.example.org]');
  test.each([
    [
      'tracker: { unknownTorrents: exchange }',
      'tracker.unknownTorrents: exchange concerns names in dnsRedirect.trackers',
    ],
    ['tracker: { unknownTorrents: refuse }', 'tracker.unknownTorrents: refuse concerns names in dnsRedirect.trackers'],
    [
      `${names}tracker: { unknownTorrents: exchange, torrents: catalogue }`,
      'tracker.torrents: catalogue refuses torrents',
    ],
    [
      `${names}tracker: { unknownTorrents: exchange }\nupstream: { exchange: false }`,
      'upstream.exchange: false switches off',
    ],
    [`${names}tracker: { unknownTorrents: ask }`, 'expected "track", "exchange" or "refuse"'],
  ])('%s', (text, message) => {
    expect(problemsOf(text)).toContain(message);
  });

  test.each(['track', 'exchange', 'refuse'])('%s is possible with redirected trackers', (unknown) => {
    expect(problemsOf(`${names}tracker: { unknownTorrents: ${unknown} }`)).toBe('');
  });
});
