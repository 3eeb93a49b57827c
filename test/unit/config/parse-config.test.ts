import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadConfig, type ParseConfigOptions, parseConfig } from '../../../src/config/parse-config.js';
import { ConfigError } from '../../../src/config-kit/config-problem.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { formatPrefix } from '../../../src/domain/ip-address.js';

const OPERATOR = `operator:
  name: Example Telecom
  networks:
    - { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] }
    - { asn: 64501, prefixes: [198.51.100.0/24] }
  subdomains:
    - { id: north, prefixes: [203.0.113.0/25] }
    - { id: south, prefixes: [203.0.113.128/25] }
`;

function problemsOf(text: string, options: ParseConfigOptions = {}): string[] {
  try {
    parseConfig(text, { file: 'a.yaml', ...options });
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split('\n');
    throw thrown;
  }
  return [];
}

describe('values', () => {
  test('units become numbers whose names carry the unit', () => {
    const config = parseConfig(
      `${OPERATOR}tracker: { interval: 45s, minInterval: 5s, limits: { requestTimeout: 250ms } }\ncrawler: { maxPageSize: 64KiB, every: 1.5h }\n`,
    );
    expect(config.tracker.intervalMs).toBe(45_000);
    expect(config.tracker.limits.requestTimeoutMs).toBe(250);
    expect(config.crawler.maxPageBytes).toBe(65_536);
    expect(config.crawler.everyMs).toBe(5_400_000);
  });

  test('prefixes, addresses and listen addresses are the domain’s own values', () => {
    const config = parseConfig(`${OPERATOR}tracker: { listen: ["udp://[::]:6969"] }\n`);
    expect(config.operator.networks[0]!.prefixes.map(formatPrefix)).toEqual(['203.0.113.0/24', '2001:db8:100::/40']);
    expect(config.tracker.listen).toEqual([{ protocol: 'udp', host: '::', port: 6969 }]);
  });

  test('parts that are optional stay off until their section is written', () => {
    const off = parseConfig(OPERATOR);
    expect([off.mirrorSite, off.dnsRedirect, off.control]).toEqual([undefined, undefined, undefined]);
    const on = parseConfig(`${OPERATOR}mirrorSite: {}\ncontrol: {}\n`);
    expect(on.mirrorSite?.listen).toEqual({ protocol: 'http', host: '0.0.0.0', port: 8080 });
    expect(on.control?.listen.port).toBe(8090);
  });

  test('the result is frozen to its depth', () => {
    const config = parseConfig(OPERATOR);
    expect(() => {
      (config.operator.networks[0] as { asn: number }).asn = 1;
    }).toThrow(TypeError);
    expect(Object.isFrozen(config.tracker.limits)).toBe(true);
  });

  test.each([
    ['tracker: { interval: 30 }', 'tracker.interval: expected a duration with its unit'],
    ['tracker: { interval: 2d }', 'tracker.interval: must be from 1s to 24h'],
    ['tracker: { listen: ["udp://tracker:6969"] }', 'tracker.listen[0]: "udp://tracker:6969" is not a literal address'],
    ['tracker: { listen: [] }', 'tracker.listen: give at least one address'],
    ['tracker: { numWantMax: 2.5 }', 'tracker.numWantMax: expected a whole number from 1 to 200'],
    ['crawler: { maxPageSize: 8 }', 'crawler.maxPageSize: expected a size with its unit'],
    ['crawler: { sources: [ { name: a, type: rss } ] }', 'crawler.sources[0].type: expected "feed"'],
    [
      'crawler: { sources: [ { name: a, type: pinned, torrents: [d2474e86c95b19b8bcfdb92bc12c9d44667cfa36, foo] } ] }',
      'crawler.sources[0].torrents[1]: expected the address of a torrent file, a magnet link or an info-hash',
    ],
    ['crawler: { sources: [ { name: a, type: feed } ] }', 'crawler.sources[0].url: is missing; expected a URL'],
    [
      'crawler: { sources: [ { name: a, type: feed, url: "http://a.example/", headers: { Host: b } } ] }',
      'crawler.sources[0].headers.Host: the crawler sets this header field itself',
    ],
    [
      'crawler: { sources: [ { name: a, type: feed, url: "http://a.example/", headers: { Cookie: "a\\nb" } } ] }',
      'crawler.sources[0].headers.Cookie: the value of a header field is printable ASCII on one line',
    ],
    ['mirrorSite:', 'mirrorSite: expected keys (listen, '],
    ['control: { token: short }', 'control.token: a token has at least 8 characters'],
    ['dnsRedirect: { sites: ["*.example.org"] }', 'dnsRedirect.sites[0]: "*.example.org" is not a host name'],
    ['dnsRedirect: { sites: [{ name: "*.a" }] }', 'dnsRedirect.sites[0].name: "*.a" is not a host name'],
    ['dnsRedirect: { sites: [{ name: a.example, port: 0 }] }', 'dnsRedirect.sites[0].port: expected a whole number'],
    [
      'dnsRedirect: { sites: [7] }',
      'dnsRedirect.sites[0]: expected a host name, or { name: HOST, port: 8080, https: check }',
    ],
    ['dnsRedirect: { trackers: [{ name: a.example, address: [x] }] }', 'trackers[0].address[0]: "x" is not an IPv4'],
    ['dnsRedirect: { percent: 101 }', 'dnsRedirect.percent: expected a number from 0 to 100'],
    ['dnsRedirect: { schedule: [{ from: "1:00", to: "07:00" }] }', 'dnsRedirect.schedule[0].from: "1:00" is not a'],
    ['dnsRedirect: { mode: dark }', 'dnsRedirect.mode: expected "redirect" or "shadow"'],
    [
      'dnsRedirect: { upstreamResolvers: ["localhost"] }',
      'dnsRedirect.upstreamResolvers[0]: "localhost" is not an address',
    ],
    [
      'billing: { schedule: [ { name: n, from: "1:00", to: "07:00" } ] }',
      'billing.schedule[0].from: "1:00" is not a time of day',
    ],
    [
      'billing: { schedule: [ { name: n, from: "01:00", to: "07:00", timeZone: Mars/Base } ] }',
      'billing.schedule[0].timeZone: "Mars/Base" is not a time zone',
    ],
    ['lab: maybe', 'lab: expected true or false'],
    ['operator: 5', 'operator: expected keys'],
    // Of a list of sub-domains or a file, the one that was meant.
    ['operator: { subdomains: { file: p.csv, id: x } }', 'operator.subdomains.id: unknown key; known here: file'],
    ['operator: { subdomains: { file: 5 } }', 'operator.subdomains.file: expected a path'],
    ['operator: { subdomains: [ 7 ] }', 'operator.subdomains[0]: expected keys (id, prefixes'],
    ['operator: { subdomains: 7 }', 'operator.subdomains: expected a list of sub-domains, or "file: FILE.csv"'],
    ['operator: { name: x }', 'operator.networks: is missing; expected a list of networks, e.g. [ { asn: 64500'],
    ['tracker: { trustedProxies: 10.0.0.1 }', 'tracker.trustedProxies: expected a list, e.g. [a, b]'],
    ['billing: { currency: 5 }', 'billing.currency: expected text'],
    [
      'billing: { overrides: [ { requester: "", peer: south, treatAs: foreign } ] }',
      'billing.overrides[0].requester: must not be empty',
    ],
    [
      'billing: { overrides: [ { requester: north, peer: south, treatAs: near } ] }',
      'billing.overrides[0].treatAs: expected "same-as", "same-operator" or "foreign"',
    ],
  ])('%s', (yaml, message) => {
    const text = yaml.startsWith('operator') ? yaml : `${OPERATOR}${yaml}\n`;
    expect(problemsOf(text).join('\n')).toContain(message);
  });
});

describe('errors', () => {
  test('carry file, line and column, and all come at once', () => {
    const text = `${OPERATOR}trakcer: {}\ntracker:\n  intervall: 5m\n  minInterval: soon\n`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^a\.yaml:9:1: trakcer: unknown key; did you mean "tracker"\?/),
      expect.stringMatching(/^a\.yaml:11:3: tracker\.intervall: unknown key; did you mean "interval"\?/),
      expect.stringMatching(/^a\.yaml:12:16: tracker\.minInterval: "soon" is not a duration/),
    ]);
  });

  test('a key that is like no other gets a list of the known keys', () => {
    expect(problemsOf(`${OPERATOR}storage: { zzz: 1 }\n`)).toEqual([
      'a.yaml:9:12: storage.zzz: unknown key; known here: directory',
    ]);
  });

  test('an empty file says what is needed', () => {
    expect(problemsOf('')).toEqual([expect.stringMatching(/^a\.yaml:1:1: operator: is missing; expected keys \(name/)]);
  });

  test.each([
    ['a: [1', /^a\.yaml:1:\d+: not valid YAML/],
    ['a: 1\na: 2\n', /^a\.yaml:2:1: not valid YAML: Map keys must be unique/],
    ['- 1\n- 2\n', /^a\.yaml:1:1: expected keys/],
  ])('%j', (text, expected) => {
    expect(problemsOf(text)[0]).toMatch(expected);
  });

  test('a key that is a list is a problem of the file, not a warning of the process', () => {
    const warnings: unknown[] = [];
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation((...given) => void warnings.push(given));
    try {
      expect(problemsOf('[a, b]: 1\n').join()).toMatch(/unknown key/);
    } finally {
      emitted.mockRestore();
    }
    expect(warnings).toEqual([]);
  });

  test('aliases cannot blow up', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(problemsOf(bomb)[0]).toMatch(/alias/i);
  });

  test('a file that is not there says how to begin', () => {
    expect(() => loadConfig('/nonexistent/alias-tracker.yaml', {})).toThrow(/there is no configuration .*print-config/);
    expect(() => loadConfig('/nonexistent/alias-tracker.yaml', {})).toThrow(OperatorError);
  });
});

describe('across fields', () => {
  test.each([
    ...['0.0.0.0/0', '0.0.0.0/1', '8.0.0.0/7', '::/0', '2000::/3', '2600::/12'].map((prefix): [string, string] => [
      `operator: { name: x, networks: [ { asn: 1, prefixes: ["${prefix}"] } ] }`,
      `operator.networks[0].prefixes[0]: ${prefix} is more than an operator has; write its prefixes, each /${prefix.includes(':') ? 16 : 8} or longer`,
    ]),
    [
      'operator: { name: x, networks: [ { asn: 1, prefixes: [203.0.113.0/24] } ], subdomains: [ { id: a, prefixes: [192.0.2.0/24] } ] }',
      '192.0.2.0/24 of sub-domain "a" lies outside operator.networks (203.0.113.0/24)',
    ],
    [
      'operator: { name: x, networks: [ { asn: 1, prefixes: [203.0.113.0/24] } ], subdomains: [ { id: a, prefixes: [203.0.113.0/25] }, { id: b, prefixes: [203.0.113.0/25] } ] }',
      'operator.subdomains[1].prefixes[0]: 203.0.113.0/25 is already a prefix of sub-domain "a"',
    ],
    [
      'operator: { name: x, networks: [ { asn: 1, prefixes: [203.0.113.0/24] }, { asn: 2, prefixes: [203.0.113.0/24] } ] }',
      'already a prefix of AS1',
    ],
    [`${OPERATOR}reports: { probes: [ { id: p, subdomains: [nort] } ] }`, '"nort" is not a sub-domain'],
    [`${OPERATOR}reports: { probes: [ { id: p, subdomains: [nort] } ] }`, 'did you mean "north"?'],
    [
      `${OPERATOR}tracker: { listen: ["udp://0.0.0.0:6969"], announceUrls: ["http://t.example:6969/announce"] }`,
      'tracker.announceUrls[0]: no entry of tracker.listen serves http on port 6969 (it has udp://0.0.0.0:6969)',
    ],
    [
      `${OPERATOR}tracker: { announceUrls: ["http://t.example:6969/tracker"] }`,
      'tracker.announceUrls[0]: clients find no scrape URL for "/tracker" (BEP 48); end the path with /announce',
    ],
    [`${OPERATOR}tracker: { announceUrls: ["http://t.example:6969/ann?pk=1"] }`, 'no scrape URL for "/ann" (BEP 48)'],
    [`${OPERATOR}tracker: { announceUrls: ["http://t.example:6969"] }`, 'no scrape URL for "/" (BEP 48)'],
    [`${OPERATOR}tracker: { announceUrls: ["http://t.example:6969/scrape"] }`, 'no scrape URL for "/scrape" (BEP 48)'],
    [`${OPERATOR}tracker: { announceUrls: ["udp://t.example:80/announce"] }`, 'serves udp on port 80'],
    [`${OPERATOR}tracker: { announceUrls: ["udp://t.example/announce"] }`, 'has no port; UDP has no default'],
    [`${OPERATOR}crawler: { sources: [ { name: own, type: announces } ] }`, 'tracker.announceUrls: is missing'],
    [`${OPERATOR}tracker: { listen: ["https://0.0.0.0:443"] }`, 'https needs tracker.tls'],
    [
      `${OPERATOR}tracker: { trustedProxies: [10.0.0.0/8], proxyProtocol: ["http://127.0.0.1:6970"] }`,
      'tracker.proxyProtocol[0]: http://127.0.0.1:6970 is not an entry of tracker.listen (it has udp://0.0.0.0:6969, http',
    ],
    [`${OPERATOR}tracker: { proxyProtocol: ["http://0.0.0.0:6969"] }`, 'needs tracker.trustedProxies'],
    [`${OPERATOR}selection: { foreignPeersMin: 30 }`, '30 is more than foreignPeersMax (20)'],
    [`${OPERATOR}tracker: { numWantDefault: 90, numWantMax: 80 }`, '90 is more than numWantMax (80)'],
    [`${OPERATOR}control: { listen: "http://0.0.0.0:8090" }`, 'can be reached from outside; give control.token'],
    [
      `${OPERATOR}dnsRedirect: { upstreamResolvers: ["192.0.2.53"], sites: [a.example] }`,
      'needs dnsRedirect.mirrorAddresses',
    ],
    [`${OPERATOR}dnsRedirect: { sites: [] }`, 'dnsRedirect.upstreamResolvers: is missing'],
    [
      `${OPERATOR}dnsRedirect: { upstreamResolvers: ["127.0.0.1:10053"] }`,
      'dnsRedirect.upstreamResolvers[0]: is the redirecting server itself',
    ],
    [`${OPERATOR}labServices: {}`, 'labServices: belongs to a lab; write lab: true'],
    [
      `${OPERATOR}control: { token: aaaaaaaaaa }\nreports: { probes: [ { id: p, subdomains: [north], token: aaaaaaaaaa } ] }`,
      'is the same as control.token, so probe "p" could use every call',
    ],
    [
      `${OPERATOR}billing: { neighbours: [ { name: n, asns: [64500], ratePerGigabyte: 1 } ] }`,
      "AS64500 is the operator's own",
    ],
    [
      `${OPERATOR}billing: { overrides: [ { requester: east, peer: AS1, treatAs: same-as } ] }`,
      '"east" is not a sub-domain',
    ],
  ])('%s', (text, message) => {
    expect(problemsOf(text).join('\n')).toContain(message);
  });

  test('a sub-domain within another is not a conflict: the longest prefix wins', () => {
    const text =
      'operator: { name: x, networks: [ { asn: 1, prefixes: [203.0.113.0/24] } ], subdomains: [ { id: a, prefixes: [203.0.113.0/24] }, { id: b, prefixes: [203.0.113.0/25] } ] }';
    expect(problemsOf(text)).toEqual([]);
  });
});

describe('environment', () => {
  const withToken = `${OPERATOR}control: { token: "\${CONTROL_TOKEN}" }\n`;

  test('variables are put into strings', () => {
    const config = parseConfig(
      `${OPERATOR}control: { listen: "http://127.0.0.1:\${PORT}", token: "x-\${CONTROL_TOKEN}" }`,
      {
        environment: { CONTROL_TOKEN: 'secret-secret', PORT: '1234' },
      },
    );
    expect(config.control).toMatchObject({ token: 'x-secret-secret', listen: { port: 1234 } });
  });

  test('a variable cannot add structure', () => {
    const config = parseConfig(`${OPERATOR}mirrorSite: { title: "\${TITLE}" }`, {
      environment: { TITLE: 'a", listen: "b' },
    });
    expect(config.mirrorSite?.title).toBe('a", listen: "b');
  });

  test('a missing one is one error with its line', () => {
    expect(problemsOf(withToken)).toEqual([
      expect.stringMatching(/^a\.yaml:9:19: the environment variable CONTROL_TOKEN is not set; set it before starting/),
    ]);
    expect(problemsOf(withToken, { environment: { CONTROL_TOKEN: '' } })[0]).toContain('CONTROL_TOKEN is empty');
  });

  test('$${ is a literal ${, and comments are left alone', () => {
    const config = parseConfig(`# \${NOT_SET}\n${OPERATOR}mirrorSite: { title: "$\${x}" }`);
    expect(config.mirrorSite?.title).toBe(['$', '{x}'].join(''));
  });
});

describe('files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-config-'));

  test('relative paths count from the file, and what is missing is said with its line', () => {
    const file = join(directory, 'a.yaml');
    writeFileSync(file, `${OPERATOR}topology: { asnDatabase: asn.csv }\nstorage: { directory: state }\n`);
    expect(() => loadConfig(file, {})).toThrow(
      `${file}:9:26: topology.asnDatabase: there is no file ${directory}/asn.csv`,
    );
    writeFileSync(join(directory, 'asn.csv'), '');
    const config = loadConfig(file, {});
    expect(config.topology.asnDatabase).toBe(join(directory, 'asn.csv'));
    expect(config.storage.directory).toBe(join(directory, 'state'));
  });

  test('a pattern of files may match none, and each kind of source has its own files', () => {
    const text = (fields: string): string =>
      `${OPERATOR}tracker: { announceUrls: ["udp://a.example:6969/announce"] }\ncrawler: { sources: [ { name: a, ${fields} } ] }\n`;
    const options = { baseDirectory: directory };
    expect(problemsOf(text('type: access-log, file: "*/access.log"'), options)).toEqual([]);
    const missing = problemsOf(text('type: access-log, file: access.log'), options);
    expect(missing).toEqual([expect.stringContaining(`there is no file ${directory}/access.log`)]);
    expect(problemsOf(text('type: list, file: "list?.txt"'), options)).toHaveLength(1);
  });

  test('a directory is not a file', () => {
    const text = `${OPERATOR}tracker: { torrents: . }\n`;
    expect(problemsOf(text, { baseDirectory: directory })[0]).toContain('is a directory, a file is expected');
  });
});
