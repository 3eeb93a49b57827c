/**
 * Real clients on both address families, in a network namespace: aria2c, which asks a tracker once, finds a seed of the
 * other family; libtorrent, which announces over both, is one peer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownNetwork } from '../support/own-network.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { Served } from '../support/served-process.js';

const TRACKER4 = '203.0.113.69';
const TRACKER6 = '2001:db8:64::69';
const SEED4 = '203.0.113.10';
const CLIENT4 = '203.0.113.20';
const CLIENT6 = '2001:db8:64::20';
const PIECE_BYTES = 16_384;
const CONTENT = Buffer.alloc(40 * PIECE_BYTES, 'both families ');
/** Debian's; a Python of another kind may be first in the path. */
const PYTHON = '/usr/bin/python3';

const CONFIG = `
operator:
  name: Example Telecom
  networks: [{ asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:64::/48"] }]
tracker:
  listen: ["http://${TRACKER4}:6969", "http://[${TRACKER6}]:6969"]
  interval: 30s
  minInterval: 1s
upstream: { exchange: false }
control: { listen: "http://127.0.0.1:8090" }
storage: { directory: data }
lab: true
`;

/** Announces to two trackers over an address of each family until its input ends. */
const LIBTORRENT = `
import libtorrent, sys
torrent, folder, addresses = sys.argv[1:]
session = libtorrent.session({
    'listen_interfaces': addresses, 'announce_to_all_trackers': True, 'announce_to_all_tiers': True,
    'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False})
handle = session.add_torrent({'ti': libtorrent.torrent_info(torrent), 'save_path': folder})
sys.stdin.read()
session.remove_torrent(handle)
session.pause()
import time
for _ in range(20):
    if any('trackerid' in str(a) or isinstance(a, libtorrent.tracker_reply_alert) for a in session.pop_alerts()): break
    time.sleep(0.1)
`;

import { eventually } from '../support/eventually.js';

function hasLibtorrent(): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(PYTHON, ['-c', 'import libtorrent'], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

const aria2c = requireProgram('aria2c');
const libtorrent = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());
const network = await ownNetwork({
  interfaces: [TRACKER4, SEED4, CLIENT4, `${TRACKER6}/128`, `${CLIENT6}/128`],
  reachable: [],
});

describe.skipIf(network === undefined)('clients on both families', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-dual-stack-'));
  const children: ChildProcess[] = [];
  let served: Served;

  beforeAll(async () => {
    served = await Served.start(CONFIG);
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await served?.stop();
    network?.leave();
    rmSync(directory, { recursive: true, force: true });
  });

  /** @returns the file, and the info-hash in hexadecimal digits */
  function torrent(name: string, hosts: readonly string[], content = CONTENT): { file: string; infoHash: string } {
    const pieces = Array.from({ length: 40 }, (_, i) =>
      createHash('sha1')
        .update(content.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES))
        .digest(),
    );
    const info = {
      length: content.length,
      name: 'both.bin',
      'piece length': PIECE_BYTES,
      pieces: Buffer.concat(pieces),
    };
    const urls = hosts.map((host) => [`http://${host}:6969/announce`]);
    const file = join(directory, `${name}.torrent`);
    writeFileSync(file, bencode.encode({ announce: urls[0]![0], 'announce-list': urls, info }));
    return { file, infoHash: createHash('sha1').update(bencode.encode(info)).digest('hex') };
  }

  function folder(name: string): string {
    const path = join(directory, name);
    mkdirSync(path);
    return path;
  }

  function start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  }

  function startAria2(dir: string, file: string, port: number, more: readonly string[]): ChildProcess {
    const off = [
      '--no-conf=true',
      '--enable-dht=false',
      '--enable-dht6=false',
      '--bt-enable-lpd=false',
      '--quiet=true',
    ];
    const own = ['--enable-peer-exchange=false', `--listen-port=${port}`, `--dir=${dir}`, '--seed-ratio=0.0'];
    return start('aria2c', [...off, ...own, ...more, file]);
  }

  async function swarm(infoHash: string): Promise<{ seeds: number; leechers: number; completed: number }> {
    const response = await fetch(`http://127.0.0.1:8090/api/v1/swarms/${infoHash}`);
    if (response.status === 404) return { seeds: 0, leechers: 0, completed: 0 };
    return (await response.json()) as { seeds: number; leechers: number; completed: number };
  }

  async function storedPeers(): Promise<number> {
    const text = await (await fetch('http://127.0.0.1:8090/metrics')).text();
    return Number(/^alias_tracker_peers_stored (\d+)/m.exec(text)?.[1]);
  }

  it.skipIf(aria2c === undefined)('aria2c, which asks over IPv6, downloads from a seed on IPv4', async () => {
    const seeding = folder('seed');
    writeFileSync(join(seeding, 'both.bin'), CONTENT);
    const { file, infoHash } = torrent('over4', [TRACKER4]);
    startAria2(seeding, file, 6881, [`--interface=${SEED4}`, '--check-integrity=true']);
    await eventually('the seed announced', async () => (await swarm(infoHash)).seeds === 1);

    const loading = folder('leech');
    startAria2(loading, torrent('over6', [`[${TRACKER6}]`]).file, 6882, []);
    const done = join(loading, 'both.bin');
    await eventually('the download', () => existsSync(done) && readFileSync(done).equals(CONTENT));
    await eventually('its completion counted', async () => (await swarm(infoHash)).completed === 1);
  });

  it.skipIf(!libtorrent)('libtorrent, which announces over both, is one peer', async () => {
    const { file, infoHash } = torrent(
      'both',
      [TRACKER4, `[${TRACKER6}]`],
      Buffer.alloc(40 * PIECE_BYTES, 'another torrent '),
    );
    const before = await storedPeers();
    const addresses = `${CLIENT4}:6883,[${CLIENT6}]:6883`;
    const child = start(PYTHON, ['-c', LIBTORRENT, file, folder('libtorrent'), addresses]);
    await eventually('it announced over both', async () => (await storedPeers()) === before + 2);
    expect(await swarm(infoHash)).toMatchObject({ leechers: 1, seeds: 0, inner: { leechers: 1, seeds: 0 } });
    child.stdin!.end();
    await eventually('it left', async () => (await storedPeers()) === before);
  });
});
