/** Files that a configuration names: what check-config says of them, and that `serve` says the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app/create-app.js';
import { adviceOnCertificates, adviceOnThisMachine, examineConfig } from '../../../src/app/examine-config.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatPath } from '../../../src/config-kit/config-problem.js';
import { createLogger } from '../../../src/logging/logger.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-examine-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const TLS = join(import.meta.dirname, '../../vectors/tls');

interface Case {
  readonly subdomains?: string;
  readonly rest?: string;
  readonly files?: Readonly<Record<string, string>>;
}

function configOf({ subdomains = '', rest = '', files = {} }: Case) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const tracker = rest.includes('tracker:') ? '' : 'tracker: { listen: ["udp://127.0.0.1:0"] }\n';
  const text = `operator:\n  name: N\n  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ]\n${subdomains}${tracker}upstream: { exchange: false }\nlab: true\nstorage: { directory: data }\n${rest}`;
  return parseConfig(text, { baseDirectory: directory });
}

const WRONG: readonly [string, Case, path: string, message: RegExp][] = [
  [
    'a plan outside the network',
    { subdomains: '  subdomains: { file: p.csv }\n', files: { 'p.csv': '127.1.0.0/24,a\n192.0.2.0/24,b\n' } },
    'operator.subdomains.file',
    /p\.csv:2: 192\.0\.2\.0\/24 of sub-domain "b" lies outside operator\.networks/,
  ],
  [
    'a plan that reaches over the edge of the network',
    { subdomains: '  subdomains: { file: p.csv }\n', files: { 'p.csv': '127.0.0.0/8,a\n' } },
    'operator.subdomains.file',
    /p\.csv:1: 127\.0\.0\.0\/8 .*outside/,
  ],
  [
    'a plan with an AS of somebody else',
    { subdomains: '  subdomains: { file: p.csv }\n', files: { 'p.csv': '127.1.0.0/24,a,64999\n' } },
    'operator.subdomains.file',
    /p\.csv:1: AS64999 .*not one of operator\.networks/,
  ],
  [
    'a broken plan',
    { subdomains: '  subdomains: { file: p.csv }\n', files: { 'p.csv': '127.1.0.0/24,a\nnonsense,b\n' } },
    'operator.subdomains.file',
    /p\.csv:2: /,
  ],
  [
    'a broken AS database',
    { rest: 'topology: { asnDatabase: a.csv }\n', files: { 'a.csv': 'nonsense\n' } },
    'topology.asnDatabase',
    /a\.csv cannot be used: it has no data/,
  ],
  [
    'broken prefixes',
    { rest: 'topology: { prefixToAs: a }\n', files: { a: '1.0.0.0 24 x\n' } },
    'topology.prefixToAs',
    /a:1: /,
  ],
  [
    'broken relationships',
    { rest: 'topology: { asRelationships: r }\n', files: { r: '1|2|x\n' } },
    'topology.asRelationships',
    /r:1: /,
  ],
  [
    'broken organisations',
    { rest: 'topology: { asOrganisations: o }\n', files: { o: 'nonsense\n' } },
    'topology.asOrganisations',
    /o:1: |o: /,
  ],
  [
    'a probe of a sub-domain that the plan lacks',
    {
      subdomains: '  subdomains: { file: p.csv }\n',
      files: { 'p.csv': '127.1.0.0/24,north\n' },
      rest: 'reports: { probes: [ { id: p, subdomains: [nort] } ] }\n',
    },
    'reports.probes[0].subdomains[0]',
    /"nort" is not a sub-domain of the address plan; did you mean "north"\?/,
  ],
  [
    'an allow list with a line that is not an info-hash',
    {
      rest: 'tracker: { listen: ["udp://127.0.0.1:0"], torrents: list }\n',
      files: { list: `${'a'.repeat(40)}\nxyz\n` },
    },
    'tracker.torrents',
    /list:2: /,
  ],
  [
    'a deny list with a line that is not an info-hash',
    {
      rest: 'tracker: { listen: ["udp://127.0.0.1:0"], denyList: { torrents: list } }\n',
      files: { list: 'xyz\n' },
    },
    'tracker.denyList.torrents',
    /list:1: /,
  ],
  [
    'a certificate of the tracker that does not fit its key',
    {
      rest: `tracker: { listen: ["https://127.0.0.1:0"], tls: { certificate: ${TLS}/one.cert.pem, key: ${TLS}/two.key.pem } }\n`,
    },
    'tracker.tls',
    /cannot be used/,
  ],
  [
    'a certificate of the mirror site that does not fit its key, in a list',
    {
      rest: `mirrorSite: { listen: "https://127.0.0.1:0", tls: [ { certificate: ${TLS}/one.cert.pem, key: ${TLS}/one.key.pem }, { certificate: ${TLS}/one.cert.pem, key: ${TLS}/two.key.pem } ] }\n`,
    },
    'mirrorSite.tls[1]',
    /cannot be used: the key does not belong to the certificate/,
  ],
  [
    'a certificate of the control API that is not one',
    {
      rest: 'control: { listen: "https://127.0.0.1:0", tls: { certificate: c, key: c } }\n',
      files: { c: 'nonsense\n' },
    },
    'control.tls',
    /cannot be used/,
  ],
  [
    'a resolver that is the redirection itself, behind a wildcard',
    { rest: 'dnsRedirect: { listen: ["0.0.0.0:45353"], upstreamResolvers: ["127.0.0.1:45353"] }\n' },
    'dnsRedirect.upstreamResolvers',
    /names this server itself/,
  ],
  ['a storage directory that is a file', { files: { data: '' } }, 'storage.directory', /is not a directory/],
];

describe('check-config and serve refuse', () => {
  test.each(WRONG)('%s', async (_, wrong, path, message) => {
    const config = configOf(wrong);
    const findings = await examineConfig(config);
    expect(findings.map((each) => formatPath(each.path))).toEqual([path]);
    expect(findings[0]!.message).toMatch(message);
    const app = createApp(config, { logger: createLogger('silent') });
    await expect(app.start()).rejects.toThrow();
  });

  test('a database of a newer version', async () => {
    const config = configOf({});
    const database = openDatabase(join(directory, 'data', 'alias-tracker.sqlite'));
    database.exec("INSERT INTO migration VALUES ('9999_future.sql', 'x')");
    database.close();
    expect((await examineConfig(config))[0]?.message).toContain('newer alias-tracker');
    await expect(createApp(config, { logger: createLogger('silent') }).start()).rejects.toThrow('newer alias-tracker');
  });
});

test('what is right is found so, and nothing is written', async () => {
  const config = configOf({
    subdomains: '  subdomains: { file: p.csv }\n',
    files: {
      'p.csv': '127.1.0.0/24,north\n',
      'a.csv': '127.3.0.0,127.3.255.255,64600,"N"\n',
      list: `${'a'.repeat(40)}\n`,
    },
    rest: `topology: { asnDatabase: a.csv }\nreports: { probes: [ { id: p, subdomains: [north] } ] }\ntracker: { listen: ["https://127.0.0.1:0"], torrents: list, tls: { certificate: ${TLS}/one.cert.pem, key: ${TLS}/one.key.pem } }\n`,
  });
  expect(await examineConfig(config)).toEqual([]);
  expect(() => rmSync(join(directory, 'data'))).toThrow('ENOENT');
});

test('certificates that have expired or soon will are advice, and those that are not certificates', () => {
  const pair = `{ certificate: ${TLS}/one.cert.pem, key: ${TLS}/one.key.pem }`;
  const rest = `tracker: { listen: ["https://127.0.0.1:0"], tls: ${pair} }\nmirrorSite: { listen: "https://127.0.0.1:0", tls: [ ${pair} ] }\n`;
  const config = configOf({ rest });
  const at = (time: string): string[] =>
    adviceOnCertificates(config, Date.parse(time)).map((line) => line.replace(`${TLS}/`, ''));
  expect(at('2026-12-01T00:00:00Z')).toEqual([]);
  expect(at('2126-10-20T00:00:00Z')).toEqual([
    'tracker.tls.certificate: one.cert.pem expires in 9 days; renew it',
    'mirrorSite.tls[0].certificate: one.cert.pem expires in 9 days; renew it',
  ]);
  expect(at('2126-11-01T00:00:00Z')[0]).toBe('tracker.tls.certificate: one.cert.pem expired 2 days ago; renew it');
  expect(at('2026-11-01T00:00:00Z')[0]).toMatch(
    /is valid only from Nov 22 .*2026 GMT; check the clock of this machine$/,
  );
  const other = configOf({ rest: rest.replaceAll(/\S*one\.cert\.pem/g, 'c'), files: { c: 'none' } });
  expect(adviceOnCertificates(other, 0)[0]).toContain('is not a certificate in PEM');
});

test('addresses to listen on that this machine does not have are advice, one line for each key', () => {
  const listen = ['udp://203.0.113.9:6969', 'http://127.0.0.5:0', 'http://0.0.0.0:0', 'udp://127.0.0.1:0'];
  const rest = `tracker: { listen: ${JSON.stringify(listen)} }
dnsRedirect: { listen: ["203.0.113.9:53"], upstreamResolvers: [192.0.2.53], sites: [a.example], mirrorAddresses: [127.0.0.1] }
`;
  expect(adviceOnThisMachine(configOf({ rest }))).toEqual([
    'tracker.listen[0]: this machine has no address 203.0.113.9; serve needs it to start',
    'dnsRedirect.listen[0]: this machine has no address 203.0.113.9; serve needs it to start',
  ]);
});
