/**
 * The redirection in a network of its own, as the operator's users and resolvers see it: who is redirected, and that names
 * are forwarded when their target dies, by the server itself and by a BIND that gets the names as response policy zones.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import { type NameServer, startNameServer } from '../../src/lab/name-server.js';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { type MadeCertificate, makeCertificate, openssl } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { ownNetwork } from '../support/own-network.js';
import { requireProgram } from '../support/real-program.js';
import { Served } from '../support/served-process.js';
import { torrentWith } from '../support/torrents.js';

const DNS = '203.0.113.53';
const MIRROR = '203.0.113.20';
const TRACKER = '203.0.113.21';
const SECOND_TRACKER = '203.0.113.22';
const BIND = '203.0.113.5';
const HTTPS_PORT = 443;
const INNER = '203.0.113.77';
const EXEMPT = '203.0.113.99';
const FOREIGN = '198.51.100.9';
/** Users of the private network behind the operator's NAT. */
const PRIVATE = ['10.1.1.5', '10.1.1.6'] as const;
const ORIGINAL = '192.0.2.80';
const SECURE_ORIGINAL = '192.0.2.81';
const UPSTREAM = '192.0.2.53';
const TOKEN = 'the-control-token';
const CLI = join(import.meta.dirname, '../../dist/cli/main.js');

/** Its original has HTTPS; the mirror site has it for `tls.example` alone. */
const SITES = ['site.example', '{ name: closed.example, port: 8080 }', 'secure.example', 'tls.example'];

const named = requireProgram('named');
const dig = requireProgram('dig');
const aria2c = requireProgram('aria2c');
const network = await ownNetwork({
  interfaces: [
    ...PRIVATE,
    DNS,
    MIRROR,
    TRACKER,
    SECOND_TRACKER,
    BIND,
    INNER,
    EXEMPT,
    FOREIGN,
    ORIGINAL,
    SECURE_ORIGINAL,
    UPSTREAM,
  ],
  reachable: [],
});

const state = mkdtempSync(join(tmpdir(), 'alias-tracker-fail-open-'));
const CONFIG = `
operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24, 10.0.0.0/8] } ] }
tracker:
  listen: ["udp://${TRACKER}:6969", "http://${TRACKER}:6969", "http://${TRACKER}:80"]
  coverPorts: true
dnsRedirect:
  listen: ["${DNS}:53"]
  upstreamResolvers: ["${UPSTREAM}:53"]
  # Addresses of this machine may ask by default, and those of strangers are on it as well.
  allowQueries: [203.0.113.0/24, 10.0.0.0/8]
  clients: [203.0.113.0/24, 10.0.0.0/8]
  optOut: [${EXEMPT}/32]
  mirrorAddresses: [${MIRROR}]
  trackerAddresses: [${TRACKER}]
  sites: [${SITES.join(', ')}, { name: plain.example, https: ignore }]
  trackers: [tracker.example, retracker.local, { name: second.example, address: ${SECOND_TRACKER} }]
  ttl: 1s
  rpz: { listen: ["${DNS}:5300"], secondaries: [ { address: "${BIND}:53" } ] }
upstream: { exchange: false, resolvers: ["${UPSTREAM}:53"] }
control: { listen: "http://127.0.0.1:8090", token: ${TOKEN} }
storage: { directory: "${state}" }
lab: true
`;

/** A resolver that gets the redirections as zones. Answers are cached for as long as the redirection says. */
const NAMED_CONF = (directory: string): string => `
options {
  directory "${directory}"; pid-file none; session-keyfile none;
  listen-on port 53 { ${BIND}; }; listen-on-v6 { none; };
  recursion yes; allow-query { any; }; allow-recursion { any; };
  transfer-source ${BIND}; query-source address ${BIND};
  forwarders { ${UPSTREAM}; }; forward only; dnssec-validation no; empty-zones-enable no;
  response-policy { zone "rpz-exempt.alias-tracker"; zone "rpz.alias-tracker" max-policy-ttl 60; }
    qname-wait-recurse no min-update-interval 1;
};
controls { };
${['rpz.alias-tracker', 'rpz-exempt.alias-tracker']
  .map(
    (zone) =>
      `zone "${zone}" { type secondary; primaries port 5300 { ${DNS}; }; file "${zone}.db"; allow-notify { ${DNS}; }; min-refresh-time 1; min-retry-time 1; };`,
  )
  .join('\n')}
`;

let upstream: NameServer;
let served: Served;
let bind: ChildProcess;
let mirror: ChildProcess;
let original: Server;
/** Of the mirror site. The checks trust it. */
let certificate: MadeCertificate;

async function startSecureOriginal(): Promise<Server> {
  const made = makeCertificate(state, 'original', ['secure.example']);
  const tls = { cert: readFileSync(made.certificate), key: readFileSync(made.key) };
  const server = createServer(tls, (_, response) => {
    response.setHeader('strict-transport-security', 'max-age=31536000').end();
  });
  server.on('tlsClientError', () => {});
  server.listen({ port: HTTPS_PORT, host: SECURE_ORIGINAL });
  await once(server, 'listening');
  return server;
}

/** A mirror site elsewhere: not a part of the tracker's process. */
async function startMirror(): Promise<ChildProcess> {
  const script = `
    const answer = (q, r) => r.end('mirror');
    const { readFileSync: read } = require('fs');
    const tls = { cert: read('${certificate.certificate}'), key: read('${certificate.key}') };
    require('https').createServer(tls, answer).listen({ port: 443, host: '${MIRROR}' }, () =>
      require('http').createServer(answer).listen({ port: 80, host: '${MIRROR}' }, () => console.log('up')));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** @returns the addresses, or the status where there is none */
async function ask(server: string, name: string, client: string, type = 'A'): Promise<string> {
  const parameters = ['-b', client, `@${server}`, '+time=5', '+tries=1', name, type];
  const { stdout } = await promisify(execFile)(dig!, parameters).catch((thrown: { stdout: string }) => thrown);
  const answers = [...stdout.matchAll(/^[\w.-]+\s+\d+\s+IN\s+(?:A|TXT)\s+(.+)$/gm)].map((match) => match[1]);
  return answers.length > 0 ? answers.join() : (/status: (\w+)/.exec(stdout)?.[1] ?? 'no answer');
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

interface Running {
  readonly stderr: string;
  readonly ended: Promise<Ran>;
}

function start(...parameters: string[]): Running {
  const config = join(state, 'config.yaml');
  const child = spawn(process.execPath, [CLI, ...parameters, '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate.certificate },
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      texts[stream] += chunk;
    });
  }
  return {
    get stderr() {
      return texts.stderr;
    },
    ended: once(child, 'close').then(([code]) => ({ ...texts, code: code as number })),
  };
}

function run(...parameters: string[]): Promise<Ran> {
  return start(...parameters).ended;
}

function ip(...parameters: string[]): void {
  execFileSync('ip', parameters, { stdio: 'ignore' });
}

async function metric(name: string): Promise<string | undefined> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const text = await (await fetch('http://127.0.0.1:8090/metrics', { headers })).text();
  return new RegExp(`^alias_tracker_${name} (.*)$`, 'm').exec(text)?.[1];
}

async function ready(): Promise<{ alarms: string[] }> {
  return (await (await fetch('http://127.0.0.1:8090/readyz')).json()) as { alarms: string[] };
}

describe.skipIf([network, named, dig, openssl].includes(undefined))('users of the redirection', () => {
  beforeAll(async () => {
    writeFileSync(join(state, 'config.yaml'), CONFIG);
    const hosts = ['site.example', 'www.site.example', 'closed.example', 'tracker.example', 'second.example'];
    const secure = ['secure.example', 'tls.example', 'plain.example'];
    const secureHosts = secure.flatMap((name) => [name, `www.${name}`]);
    upstream = await startNameServer(
      { host: UPSTREAM, port: 53 },
      new Map([
        ...hosts.map((name) => [name, ORIGINAL] as const),
        ...secureHosts.map((name) => [name, SECURE_ORIGINAL] as const),
      ]),
    );
    original = await startSecureOriginal();
    certificate = makeCertificate(state, 'mirror', ['tls.example', 'www.tls.example']);
    const database = openDatabase(databaseFile({ storage: { directory: state } }));
    const catalogue = createCatalogue(database);
    const urls = ['udp://tracker.example:6969/announce', 'udp://tracker.example:1337/announce'];
    catalogue.store(torrentToStore(1, { trackerTiers: [[urls[0]!]] }), Date.now());
    catalogue.store(torrentToStore(2, { trackerTiers: [[urls[1]!]] }), Date.now());
    catalogue.store(torrentToStore(3, { trackerTiers: [['http://second.example:80/announce']] }), Date.now());
    database.close();
    mirror = await startMirror();
    served = await Served.start(CONFIG, { env: { NODE_EXTRA_CA_CERTS: certificate.certificate } });
    const directory = mkdtempSync(join(state, 'named-'));
    writeFileSync(join(directory, 'named.conf'), NAMED_CONF(directory));
    bind = spawn(named!, ['-g', '-c', join(directory, 'named.conf')], { stdio: ['ignore', 'ignore', 'ignore'] });
    await eventually('BIND has the zones', async () => (await ask(BIND, 'site.example', INNER)) === MIRROR);
    await eventually('and that of clients', async () => (await ask(BIND, 'site.example', EXEMPT)) === ORIGINAL);
  });
  afterAll(async () => {
    await served?.stop();
    await end(bind, 'SIGTERM');
    await end(mirror, 'SIGKILL');
    original?.close();
    await upstream?.stop();
    network!.leave();
    rmSync(state, { recursive: true, force: true });
  });

  test.each([
    [DNS, 'REFUSED'],
    [BIND, ORIGINAL],
  ])(
    'at %s: inner ones are redirected, those who opted out are not, and strangers get %s',
    async (server, ofStrangers) => {
      expect(await ask(server, 'site.example', INNER)).toBe(MIRROR);
      expect(await ask(server, 'tracker.example', INNER)).toBe(TRACKER);
      expect(await ask(server, 'second.example', INNER)).toBe(SECOND_TRACKER);
      expect(await ask(server, 'site.example', EXEMPT)).toBe(ORIGINAL);
      expect(await ask(server, 'site.example', FOREIGN)).toBe(ofStrangers);
      expect(await ask(server, 'else.example', FOREIGN)).toBe(ofStrangers === 'REFUSED' ? 'REFUSED' : 'NXDOMAIN');
    },
  );

  test.each([DNS, BIND])('at %s, the TXT record of a tracker says which ports it has here', async (server) => {
    const said = async (name: string, client: string): Promise<string[]> =>
      (await ask(server, name, client, 'TXT'))
        .replaceAll('"', '')
        .split(/ (?=[UT])/)
        .sort();
    expect(await said('tracker.example', INNER)).toEqual(['BITTORRENT', 'TCP:6969', 'TCP:80', 'UDP:1337', 'UDP:6969']);
    expect(await said('second.example', INNER)).toEqual(['BITTORRENT', 'TCP:80']);
    expect(await said('retracker.local', PRIVATE[0])).toContain('TCP:80');
    expect(await said('tracker.example', EXEMPT)).not.toContain('BITTORRENT');
    expect(await said('site.example', INNER)).not.toContain('BITTORRENT');
  });

  test.each([DNS, BIND])(
    'at %s, retracker.local leads to the tracker, which brings users of one provider together',
    async (server) => {
      const infoHash = 'ab'.repeat(20);
      const [host, ...others] = (await ask(server, 'retracker.local', PRIVATE[0])).split(',');
      expect([host, others]).toEqual([TRACKER, []]);
      const peers = PRIVATE.map((localAddress, i) =>
        announceOverHttp({
          ...{ tracker: { host: host!, port: 80 }, localAddress, port: 6881, infoHash, leftBytes: i, event: 'none' },
          peerId: `-XX000${i}-abcdefghijkl`,
        }),
      );
      const answers = [await peers[0]!, await peers[1]!];
      const found = answers.flatMap(({ peers: list }) => list.map((peer) => peer.host));
      expect(PRIVATE).toEqual(expect.arrayContaining(found));
      expect(found.length).toBeGreaterThan(0);
      expect(await ask(server, 'retracker.local', FOREIGN)).not.toBe(TRACKER);
    },
  );

  test.skipIf(aria2c === undefined)(
    'aria2c finds a peer of its provider at http://retracker.local/announce',
    async () => {
      const torrent = join(state, 'hello.torrent');
      writeFileSync(torrent, torrentWith({ announce: 'http://retracker.local/announce' }));
      const directories = PRIVATE.map(() => mkdtempSync(join(state, 'aria2-')));
      const file = (i: number): string => join(directories[i]!, 'hello.txt');
      writeFileSync(file(0), 'hello');
      const clients = PRIVATE.map((address, i) => {
        const off = ['--no-conf=true', '--enable-dht=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'];
        const here = [`--interface=${address}`, `--dir=${directories[i]}`, '--listen-port=6881'];
        const seeding = ['--check-integrity=true', '--seed-ratio=0.0', '--quiet=true'];
        return spawn(aria2c!, [...off, ...here, ...seeding, `--async-dns-server=${DNS}`, torrent], { stdio: 'ignore' });
      });
      try {
        await eventually('the file arrives', () => existsSync(file(1)) && readFileSync(file(1), 'utf8') === 'hello');
      } finally {
        await Promise.all(clients.map((client) => end(client, 'SIGKILL')));
      }
    },
  );

  test('a site whose port is closed is not redirected, and an alarm says why', async () => {
    expect(await ask(DNS, 'closed.example', INNER)).toBe(ORIGINAL);
    expect(await ask(BIND, 'closed.example', INNER)).toBe(ORIGINAL);
    expect((await ready()).alarms).toContainEqual(
      expect.stringMatching(/closed\.example.*: not redirected: http:\/\/203\.0\.113\.20:8080: nothing listens there/),
    );
  });

  test.each([DNS, BIND])('at %s, a site whose original has HTTPS is redirected only with HTTPS', async (server) => {
    expect(await ask(server, 'secure.example', INNER)).toBe(SECURE_ORIGINAL);
    expect(await ask(server, 'tls.example', INNER)).toBe(MIRROR);
    expect(await ask(server, 'www.tls.example', INNER)).toBe(MIRROR);
    expect(await ask(server, 'plain.example', INNER)).toBe(MIRROR);
    expect((await ready()).alarms).toContainEqual(
      expect.stringMatching(
        /secure\.example: not redirected: the original has HTTPS, and https:\/\/203\.0\.113\.20:443 \(secure\.example\): its certificate is not for secure\.example/,
      ),
    );
  });

  test('ports that torrents name are opened, each at the address of its tracker', () => {
    expect(served.addresses).toEqual(
      expect.arrayContaining([`udp://${TRACKER}:1337`, `http://${SECOND_TRACKER}:80`, `udp://${TRACKER}:6969`]),
    );
  });

  test('dns status shows which names are redirected now, and how often they were asked for', async () => {
    const [{ stdout, code }, table] = await Promise.all([run('dns', 'status', '--json'), run('dns', 'status')]);
    const { redirections, queries } = JSON.parse(stdout) as {
      redirections: { name: string; active: boolean }[];
      queries: { names: { name: string; redirected: number; withheld: number }[] };
    };
    expect(redirections).toContainEqual(expect.objectContaining({ name: 'closed.example', active: false }));
    const counts = (name: string) => queries.names.find((each) => each.name === name)!;
    expect(counts('site.example').redirected).toBeGreaterThan(0);
    expect(counts('closed.example')).toMatchObject({ redirected: 0 });
    expect(counts('closed.example').withheld).toBeGreaterThan(0);
    expect(table.stdout).toMatch(
      /closed\.example +mirror +withheld +0 +0 +\d+ +http:\/\/203\.0\.113\.20:8080: nothing/,
    );
    expect([code, table.code]).toEqual([0, 0]);
  });

  test('dns check shows it with what to do, and fails', async () => {
    const { stdout, stderr, code } = await run('dns', 'check', '--json');
    const { rows } = JSON.parse(stdout) as { rows: { name: string; what: string; verdict: string; found: string }[] };
    const verdict = (name: string, what: string) => rows.find((row) => row.name === name && row.what.startsWith(what));
    expect(verdict('site.example', 'http 80')).toMatchObject({ verdict: 'ok' });
    expect(verdict('closed.example', 'http 8080')).toMatchObject({ verdict: 'loses' });
    expect(verdict('tracker.example', 'udp 1337 (1 torrent)')).toMatchObject({ verdict: 'ok' });
    expect(verdict('second.example', 'http 80 (1 torrent)')).toMatchObject({ verdict: 'ok' });
    expect(verdict('site.example', 'https 443')).toMatchObject({ found: 'the original has none' });
    const ofHttps = (name: string) => verdict(name, 'https 443 (the original has it, with HSTS)');
    expect(ofHttps('secure.example')).toMatchObject({ verdict: 'loses' });
    expect(ofHttps('tls.example')).toMatchObject({ verdict: 'ok' });
    expect(ofHttps('plain.example')).toMatchObject({ verdict: 'note' });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/users would lose something of closed\.example.*secure/)]);
  });

  /** What becomes of the mirror site, how its users notice, and how it comes back. */
  const DEATHS: readonly (readonly [what: string, die: () => unknown, live: () => unknown])[] = [
    [
      'is killed',
      () => end(mirror, 'SIGKILL'),
      async () => {
        mirror = await startMirror();
      },
    ],
    // The system accepts connections, and nobody answers.
    ['hangs', () => mirror.kill('SIGSTOP'), () => mirror.kill('SIGCONT')],
    // Packets to it vanish: the link leads nowhere.
    [
      'is on a machine that is switched off',
      () => {
        ip('address', 'del', `${MIRROR}/32`, 'dev', 'lo');
        ip('link', 'add', 'nowhere', 'type', 'veth', 'peer', 'name', 'nobody');
        for (const each of ['nowhere', 'nobody']) ip('link', 'set', each, 'up');
        ip('neighbour', 'add', MIRROR, 'lladdr', '02:00:00:00:00:01', 'dev', 'nowhere');
        ip('route', 'add', `${MIRROR}/32`, 'dev', 'nowhere');
      },
      () => {
        ip('link', 'del', 'nowhere');
        ip('address', 'add', `${MIRROR}/32`, 'dev', 'lo');
      },
    ],
  ];
  test.each(DEATHS)('a mirror site that %s is withdrawn by both, and comes back', async (what, die, live) => {
    const until = (leads: string, address: string): Promise<number[]> => {
      const fromMs = performance.now();
      return Promise.all(
        [DNS, BIND].map(async (server) => {
          await eventually(`${server} ${leads}`, async () => (await ask(server, 'site.example', INNER)) === address);
          return performance.now() - fromMs;
        }),
      );
    };
    await die();
    const withdrawnMs = await until('forwards', ORIGINAL);
    expect(await ask(DNS, 'tracker.example', INNER)).toBe(TRACKER);
    await live();
    const backMs = await until('redirects', MIRROR);
    const shown = (values: number[]): string => values.map((ms) => `${(ms / 1_000).toFixed(1)} s`).join(' and ');
    console.log(
      `a mirror that ${what}, own server and BIND (load ${loadavg()[0]!.toFixed(1)}): ` +
        `withdrawn after ${shown(withdrawnMs)}, back after ${shown(backMs)}; ` +
        `the last NOTIFY left ${await metric('rpz_notify_delay_seconds')} s after the change`,
    );
  });

  test('dns drill proves it at both, and ends what it began', async () => {
    const limits = ['--within', '240', '--wait', '240', '--from', INNER, '--json'];
    const servers = ['--server', `${DNS}:53`, `${BIND}:53`];
    const { stdout, code } = await run('dns', 'drill', '--target', 'mirror', ...servers, ...limits);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'site.example',
      servers: [
        { server: `${DNS}:53`, verdict: 'ok' },
        { server: `${BIND}:53`, verdict: 'ok' },
      ],
    });
    expect(code).toBe(0);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch('http://127.0.0.1:8090/api/v1/redirections', { headers });
    expect(await answer.json()).toMatchObject({ drills: [] });
  });

  test('dns drill --by-hand proves it with a mirror site that is really stopped', async () => {
    const words = ['dns', 'drill', '--by-hand', '--name', 'site.example', '--within', '240', '--wait', '240'];
    const drill = start(...words, '--server', `${DNS}:53`, `${BIND}:53`, '--from', INNER, '--json');
    await eventually('it asks for the stop', () => drill.stderr.includes('stop the target of site.example now'));
    await end(mirror, 'SIGKILL');
    await eventually('it asks for the start', () => drill.stderr.includes('start the target again'));
    mirror = await startMirror();
    const { stdout, code } = await drill.ended;
    const servers = [DNS, BIND].map((host) => ({ server: `${host}:53`, verdict: 'ok' }));
    expect(JSON.parse(stdout)).toMatchObject({ name: 'site.example', servers });
    expect(code).toBe(0);
  });

  test('dns drill says what is wrong where a server does not redirect', async () => {
    const mirrorFrom = (client: string) => run('dns', 'drill', '--target', 'mirror', '--from', client, '--json');
    const runs = [mirrorFrom(FOREIGN), mirrorFrom(EXEMPT), run('dns', 'drill', '--name', 'closed.example')] as const;
    const [{ stdout, stderr, code }, exempt, closed] = await Promise.all(runs);
    expect(JSON.parse(stdout).servers[0]).toMatchObject({ verdict: 'failed', problem: 'refuses the question' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('not every server forwarded site.example')]);
    expect(JSON.parse(exempt.stdout).servers[0]).toMatchObject({ problem: 'does not redirect the name now' });
    expect(closed.stderr).toContain('closed.example is not redirected now (http://203.0.113.20:8080: nothing listens');
  });
});
