/**
 * Torrents that are in no catalogue, announced under the names of redirected trackers (`tracker.unknownTorrents`), with real programs
 * in network namespaces: opentracker is the original of two names, over HTTP and over UDP, and the only one that knows the seed
 * outside. Inner users run aria2c and transmission-cli, with the torrents as they are; their resolver leads both names to the alias tracker.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetworkLab, namespacesUnavailable } from '../../src/lab/network-namespaces.js';
import { eventually } from '../support/eventually.js';
import { requireFacility, requireProgram } from '../support/real-program.js';

const RESOLVER = '203.0.113.53';
const HTTP_TRACKER = '203.0.113.21';
const UDP_TRACKER = '203.0.113.22';
const CONTROL = '203.0.113.90';
const OUTSIDE = '198.51.100.1';
const FAR_SEED = '198.51.100.2';
const USERS = { one: '203.0.113.101', two: '203.0.113.102', three: '203.0.113.103' } as const;
const PORT = 6969;
const TOKEN = 'e2e-control-token';
const repository = join(import.meta.dirname, '../..');

const aria2c = requireProgram('aria2c');
const transmissionCli = requireProgram('transmission-cli');
const opentracker = requireProgram('opentracker');
const curl = requireProgram('curl');
const unavailable = namespacesUnavailable();
const ready =
  aria2c && transmissionCli && opentracker && curl && requireFacility(unavailable ?? '', unavailable === undefined);

const config = (unknownTorrents: string, directory: string): string => `
operator: { name: Example Telecom, networks: [{ asn: 64500, prefixes: [203.0.113.0/24] }] }
tracker:
  listen: ["udp://0.0.0.0:${PORT}", "http://0.0.0.0:${PORT}"]
  interval: 10s
  minInterval: 1s
  unknownTorrents: ${unknownTorrents}
upstream: { exchange: true, resolvers: ["${OUTSIDE}:53"], every: 1s }
dnsRedirect:
  listen: ["${RESOLVER}:53"]
  upstreamResolvers: ["${OUTSIDE}:53"]
  healthChecks: false
  trackers:
    - { name: http.tracker.lab, address: ${HTTP_TRACKER} }
    - { name: udp.tracker.lab, address: ${UDP_TRACKER} }
control: { listen: "http://${CONTROL}:8090", token: ${TOKEN} }
storage: { directory: ${join(directory, 'data')} }
logging: { level: debug }
lab: true
`;

describe.skipIf(!ready)('unknown torrents under a redirected tracker’s name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-unknown-'));
  const configFile = join(directory, 'alias-tracker.yaml');
  const logFile = join(directory, 'server.log');
  const seedFolder = join(directory, 'seed');
  let lab: NetworkLab;
  let server: ChildProcess;

  /** A torrent of 40,000 random bytes, whose file the far seed has. */
  function createTorrent(name: string, announce: string): { file: string; infoHash: string } {
    const content = randomBytes(40_000);
    writeFileSync(join(seedFolder, name), content);
    const pieces = Buffer.concat(
      [0, 16_384, 32_768].map((at) =>
        createHash('sha1')
          .update(content.subarray(at, at + 16_384))
          .digest(),
      ),
    );
    const info = { length: content.length, name, 'piece length': 16_384, pieces };
    const file = join(directory, `${name}.torrent`);
    writeFileSync(file, bencode.encode({ announce, info }));
    return { file, infoHash: createHash('sha1').update(bencode.encode(info)).digest('hex') };
  }

  mkdirSync(seedFolder);
  const overHttp = createTorrent('one', `http://http.tracker.lab:${PORT}/announce`);
  const overUdp = createTorrent('two', `udp://udp.tracker.lab:${PORT}/announce`);
  const refused = createTorrent('three', `http://http.tracker.lab:${PORT}/announce`);

  function aria2(network: string, address: string, folder: string, more: string[]): ChildProcess {
    const off = ['--no-conf=true', '--enable-dht=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'];
    const own = ['--quiet=true', `--interface=${address}`, `--dir=${folder}`, '--seed-ratio=0.0', '--listen-port=6881'];
    return lab.spawn(network, 'aria2c', [...off, ...own, ...more], { stdio: 'ignore' });
  }

  function transmission(network: string, folder: string, torrent: string): void {
    const off = {
      'dht-enabled': false,
      'lpd-enabled': false,
      'pex-enabled': false,
      'port-forwarding-enabled': false,
      'utp-enabled': false,
    };
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'config', 'settings.json'), JSON.stringify(off));
    const env = { ...process.env, HOME: folder };
    const options = ['-g', join(folder, 'config'), '-w', folder, '-p', '51413', '-M'];
    lab.spawn(network, 'transmission-cli', [...options, torrent], { stdio: 'ignore', env });
  }

  /** aria2c announces over UDP only while it takes part in the DHT, so transmission-cli does where the tracker is one of UDP. */
  function download(user: keyof typeof USERS, torrent: string): { folder: string; log: () => string } {
    const folder = join(directory, user);
    mkdirSync(folder);
    if (torrent === overUdp.file) transmission(user, folder, torrent);
    else aria2(user, USERS[user], folder, [`--log=${folder}.log`, torrent]);
    return { folder, log: () => (existsSync(`${folder}.log`) ? readFileSync(`${folder}.log`, 'latin1') : '') };
  }

  function control(path: string): Record<string, unknown> {
    const url = `http://${CONTROL}:8090${path}`;
    return JSON.parse(lab.exec('isp', ['curl', '-s', '-H', `Authorization: Bearer ${TOKEN}`, url]));
  }

  const answers = (network: string, ...request: string[]): boolean => {
    try {
      lab.exec(network, ['curl', '-s', '-o', '/dev/null', ...request]);
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(async () => {
    lab = new NetworkLab('atu');
    lab.addNetwork({ name: 'outside', addresses: [OUTSIDE, FAR_SEED] });
    lab.addNetwork({ name: 'isp', addresses: [RESOLVER, HTTP_TRACKER, UDP_TRACKER, CONTROL] });
    for (const [name, address] of Object.entries(USERS)) {
      lab.addNetwork({ name, addresses: [address], nameserver: RESOLVER });
    }
    const names = ['http.tracker.lab', 'udp.tracker.lab'].map((name) => [name, OUTSIDE]);
    const resolver = `import { startNameServer } from ${JSON.stringify(join(repository, 'dist/lab/name-server.js'))};
await startNameServer({ host: '${OUTSIDE}', port: 53 }, new Map(${JSON.stringify(names)}));`;
    lab.spawn('outside', process.execPath, ['--input-type=module', '-e', resolver], { stdio: 'ignore' });
    // Debian's build serves only its whitelist and never runs as root; it reads the whitelist inside its chroot.
    chmodSync(directory, 0o755);
    const hashes = [overHttp, overUdp, refused].map(({ infoHash }) => infoHash);
    writeFileSync(join(directory, 'whitelist'), `${hashes.join('\n')}\n`);
    const where = ['-i', OUTSIDE, '-p', String(PORT), '-P', String(PORT), '-d', directory];
    lab.spawn('outside', 'opentracker', [...where, '-u', 'nobody', '-w', '/whitelist'], { stdio: 'ignore' });
    writeFileSync(configFile, config('exchange', directory));
    const log = createWriteStream(logFile);
    server = lab.spawn(
      'isp',
      process.execPath,
      [join(repository, 'dist/cli/main.js'), 'serve', '--config', configFile],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    server.stdout!.pipe(log);
    server.stderr!.pipe(log);
    const statsUrl = `http://${OUTSIDE}:${PORT}/stats`;
    await eventually('opentracker listens', () => answers('outside', statsUrl));
    // The far seed announces to the original: nobody redirects outside.
    const toOriginal = ['--bt-exclude-tracker=*', `--bt-tracker=http://${OUTSIDE}:${PORT}/announce`];
    const files = [overHttp, overUdp, refused].map(({ file }) => file);
    writeFileSync(join(directory, 'seed.txt'), `${files.join('\n')}\n`);
    aria2('outside', FAR_SEED, seedFolder, [
      ...toOriginal,
      '--check-integrity=true',
      '-i',
      join(directory, 'seed.txt'),
    ]);
    const isSeeded = (infoHash: string): boolean => {
      const escaped = infoHash.replace(/../g, '%$&');
      const url = `http://${OUTSIDE}:${PORT}/scrape?info_hash=${escaped}`;
      return lab.exec('outside', ['curl', '-s', url]).includes('8:completei1e');
    };
    await eventually('opentracker knows the seed of all three', () => hashes.every(isSeeded));
    await eventually('the alias tracker runs', () => answers('isp', `http://${CONTROL}:8090/healthz`)).catch(
      (error) => {
        throw new Error(`${error}\n${readFileSync(logFile, 'utf8')}`);
      },
    );
  });

  afterAll(() => {
    lab?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it('exchange: the original is known by the Host field, or by the address that was asked; its seed completes the downloads', async () => {
    const downloads = [
      { user: 'one', torrent: overHttp, origin: `http://http.tracker.lab:${PORT}` },
      { user: 'two', torrent: overUdp, origin: `udp://udp.tracker.lab:${PORT}` },
    ] as const;
    const started = downloads.map((each) => ({ ...each, ...download(each.user, each.torrent.file) }));
    await Promise.all(
      started.map(async ({ user, torrent, origin, folder }) => {
        const explained = () => control(`/api/v1/explain?infoHash=${torrent.infoHash}&ip=${USERS.three}`);
        await eventually('the seed is imported', () => (explained().imported as unknown[] | undefined)?.length === 1, {
          found: () => readFileSync(logFile, 'utf8').slice(-2_000),
        });
        expect(explained()).toMatchObject({
          imported: [{ origin, peers: 1 }],
          peers: expect.arrayContaining([{ address: FAR_SEED, port: 6881, origin }]),
        });
        const expected = readFileSync(join(seedFolder, user));
        await eventually(
          'the download is complete',
          () => existsSync(join(folder, user)) && readFileSync(join(folder, user)).equals(expected),
          { found: () => JSON.stringify(control(`/api/v1/swarms/${torrent.infoHash}`)) },
        );
      }),
    );
  });

  it('refuse: the client is told what happened', async () => {
    writeFileSync(configFile, config('refuse', directory));
    lab.exec('isp', ['kill', '-HUP', String(server.pid)]);
    await eventually('the reload', () => readFileSync(logFile, 'utf8').includes('configuration reloaded'));
    const { log } = download('three', refused.file);
    await eventually('aria2c shows the reason', () => log().includes('your network answers for this tracker'));
    expect(control(`/api/v1/swarms/${refused.infoHash}`)).toMatchObject({ status: 404 });
  });
});
