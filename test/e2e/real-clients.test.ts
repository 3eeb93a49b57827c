/**
 * The main job with real, unmodified clients in network namespaces: a user's client asks its resolver for the original
 * site, is led to the mirror site, fetches the rewritten torrent under the original URL, announces to the alias tracker,
 * and downloads the file from an inner seed. Nothing in the clients is configured for any of it.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { NetworkLab, namespacesUnavailable } from '../../src/lab/network-namespaces.js';
import { eventually } from '../support/eventually.js';
import { requireFacility, requireProgram } from '../support/real-program.js';

const RESOLVER = '203.0.113.53';
const MIRROR = '203.0.113.80';
const TRACKER = '203.0.113.69';
const CONTROL = '203.0.113.90';
const OUTSIDE = '198.51.100.1';
const NORTH = '203.0.113.10';
const NORTH_TOO = '203.0.113.11';
const SOUTH = '203.0.113.140';
const TORRENT_URL = 'http://www.original.lab/torrents/alice.torrent';
const repository = join(import.meta.dirname, '../..');

const aria2c = requireProgram('aria2c');
const transmission = requireProgram('transmission-cli');
const dig = requireProgram('dig');
const curl = requireProgram('curl');
const unavailable = namespacesUnavailable();
const namespaces = requireFacility(unavailable ?? '', unavailable === undefined);
const ready = aria2c && transmission && dig && curl && namespaces;

const configOf = (workers: number): string => `
operator:
  name: Example Telecom
  networks: [{ asn: 64500, prefixes: [203.0.113.0/24] }]
  subdomains:
    - { id: north, prefixes: [203.0.113.0/25] }
    - { id: south, prefixes: [203.0.113.128/25] }
tracker:
  listen: ["udp://${TRACKER}:6969", "http://${TRACKER}:6969"]
  announceUrls: ["udp://tracker.original.lab:6969/announce", "http://tracker.original.lab:6969/announce"]
  interval: 30s
  minInterval: 1s
  workers: ${workers}
mirrorSite: { listen: "http://${MIRROR}:80" }
crawler: { top: 10, delayPerSite: 0ms, sources: [{ name: original, type: feed, url: "http://www.original.lab/feed.xml" }] }
upstream: { exchange: true, resolvers: ["${OUTSIDE}:53"], every: 1s }
dnsRedirect:
  listen: ["${RESOLVER}:53"]
  upstreamResolvers: ["${OUTSIDE}:53"]
  mirrorAddresses: [${MIRROR}]
  trackerAddresses: [${TRACKER}]
  sites: [www.original.lab]
  trackers: [tracker.original.lab]
control: { listen: "http://${CONTROL}:8090", token: e2e-control-token }
lab: true
`;

/** What clients ask each other for (BEP 3). */
const BLOCK_BYTES = 16_384;

describe.skipIf(!ready).each([1, 2])('real clients of a tracker with %i workers', (workers) => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-clients-'));
  const alice = fixtures.alice.content as Buffer;
  let lab: NetworkLab;
  let server: ChildProcess;

  beforeAll(async () => {
    lab = new NetworkLab('ate');
    lab.addNetwork({ name: 'outside', addresses: [OUTSIDE] });
    lab.addNetwork({ name: 'isp', addresses: [RESOLVER, MIRROR, TRACKER, CONTROL] });
    for (const [name, address] of [
      ['north', NORTH],
      ['northtoo', NORTH_TOO],
      ['south', SOUTH],
    ] as const) {
      lab.addNetwork({ name, addresses: [address], nameserver: RESOLVER });
    }
    const world = lab.spawn('outside', process.execPath, [join(repository, 'test/e2e/original-world.mjs'), OUTSIDE], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let worldReady = false;
    world.stdout!.on('data', () => {
      worldReady = true;
    });
    await eventually('the world outside', () => worldReady);
    const config = join(directory, 'alias-tracker.yaml');
    writeFileSync(config, `${configOf(workers)}storage: { directory: ${join(directory, 'data')} }\n`);
    const log = createWriteStream(join(directory, 'server.log'));
    server = lab.spawn('isp', process.execPath, [join(repository, 'dist/cli/main.js'), 'serve', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    server.stdout!.pipe(log);
    server.stderr!.pipe(log);
    await eventually('the crawl', () => torrentCount() > 0).catch((error) => {
      throw new Error(`${error}\n${readFileSync(join(directory, 'server.log'), 'utf8')}`);
    });
  });

  afterAll(() => {
    lab?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  function control(path: string): { [key: string]: unknown } {
    const url = `http://${CONTROL}:8090${path}`;
    return JSON.parse(lab.exec('isp', ['curl', '-s', '-H', 'Authorization: Bearer e2e-control-token', url]));
  }
  function torrentCount(): number {
    try {
      return (control('/api/v1/torrents').total as number) ?? 0;
    } catch {
      return 0;
    }
  }

  /** A seed in the south that has the content already: aria2c with the torrent that the mirror site serves. */
  function startSeed(): ChildProcess {
    const folder = join(directory, 'seed');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'alice.txt'), alice);
    return lab.spawn(
      'south',
      'aria2c',
      [...aria2Options(SOUTH, folder), '--check-integrity=true', '--seed-ratio=0.0', TORRENT_URL],
      {
        stdio: 'ignore',
      },
    );
  }

  function aria2Options(address: string, folder: string): string[] {
    const off = [
      '--no-conf=true',
      '--enable-dht=false',
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      '--quiet=true',
    ];
    return [...off, `--interface=${address}`, `--dir=${folder}`, '--follow-torrent=mem', '--listen-port=6881'];
  }

  function sha256(file: string): string {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  }
  const expected = createHash('sha256').update(alice).digest('hex');

  it('an inner user’s resolver leads the original site and tracker to the mirror and the alias tracker, others to where they are', () => {
    const resolve = (name: string): string => lab.exec('north', ['dig', '+short', name]).trim();
    expect(resolve('www.original.lab')).toBe(MIRROR);
    expect(resolve('tracker.original.lab')).toBe(TRACKER);
    expect(lab.exec('north', ['dig', '+short', `@${OUTSIDE}`, 'www.original.lab']).trim()).toBe(OUTSIDE);
  });

  it('the torrent under its original URL names the alias tracker and has its info-hash', () => {
    const file = join(directory, 'fetched.torrent');
    lab.exec('north', ['curl', '-s', '-o', file, TORRENT_URL]);
    const shown = JSON.parse(
      lab.exec('north', [
        process.execPath,
        join(repository, 'dist/cli/main.js'),
        'rewrite',
        file,
        '--announce',
        'udp://x.example:1/announce',
        '--json',
        '-o',
        join(directory, 'again.torrent'),
      ]),
    );
    expect(JSON.stringify(shown)).toContain((fixtures.alice.parsedTorrent as { infoHash: string }).infoHash);
    expect(readFileSync(file, 'latin1')).toContain('tracker.original.lab:6969');
  });

  it('aria2c downloads the real file from an inner seed, transmission-cli from both', async () => {
    const outsideBefore = lab.linkBytes('outside').outward;
    startSeed();
    const infoHash = (fixtures.alice.parsedTorrent as { infoHash: string }).infoHash;
    const seeds = (): number => {
      const swarm = control(`/api/v1/swarms/${infoHash}`) as { seeds?: number };
      return swarm.seeds ?? 0;
    };
    await eventually('the seed announced', () => seeds() === 1);
    const southBefore = lab.linkBytes('south').outward;

    const folder = join(directory, 'north');
    mkdirSync(folder);
    lab.spawn('north', 'aria2c', [...aria2Options(NORTH, folder), '--seed-ratio=0.0', TORRENT_URL], {
      stdio: 'ignore',
    });
    await eventually(
      'aria2c finished',
      () => existsSync(join(folder, 'alice.txt')) && sha256(join(folder, 'alice.txt')) === expected,
    );
    await eventually('its completion counted', () => seeds() === 2);

    const other = join(directory, 'northtoo');
    mkdirSync(join(other, 'config'), { recursive: true });
    const off = {
      'dht-enabled': false,
      'lpd-enabled': false,
      'pex-enabled': false,
      'port-forwarding-enabled': false,
      'utp-enabled': false,
    };
    writeFileSync(join(other, 'config', 'settings.json'), JSON.stringify(off));
    lab.spawn(
      'northtoo',
      'transmission-cli',
      ['-g', join(other, 'config'), '-w', other, '-p', '51413', '-M', TORRENT_URL],
      {
        stdio: 'ignore',
        env: { ...process.env, HOME: other },
      },
    );
    await eventually(
      'transmission-cli finished',
      () => existsSync(join(other, 'alice.txt')) && sha256(join(other, 'alice.txt')) === expected,
    );
    expect(seeds()).toBeGreaterThanOrEqual(2);
    // Nobody has shown yet that the inner seed serves, so both downloads may take from the seed outside as well. They take
    // from inside, too, and so less than two copies with their overhead cross the border.
    expect(lab.linkBytes('south').outward - southBefore).toBeGreaterThan(BLOCK_BYTES);
    expect(lab.linkBytes('outside').outward - outsideBefore).toBeLessThan(2 * alice.length);
  });

  it('SIGTERM ends the server with exit code 0', async () => {
    // The process itself, not the `ip netns exec` that became it.
    server.kill('SIGTERM');
    const [code] = await new Promise<[number | null]>((resolve) =>
      server.once('exit', (exitCode) => resolve([exitCode])),
    );
    expect(code).toBe(0);
  });
});
