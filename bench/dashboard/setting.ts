/** A tracker with as much on each page of its dashboard as a large operator has: the configuration, and what fills it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { databaseFile } from '../../src/store/database-file.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { freePort } from '../../test/support/free-port.js';
import { fillCatalogue } from '../mirror-site/fill-catalogue.js';
import { fillHistory } from './fill-history.js';

const CLI = join(dirname(fileURLToPath(import.meta.url)), '../../../../dist/cli/main.js');
export const TOKEN = 'bench-token-control';
const SUBDOMAINS_PER_PROBE = 40;
const PEERS_PER_SWARM = 4;
/** Announces at a time. */
const AT_A_TIME = 16;

export interface Size {
  readonly subdomains: number;
  readonly names: number;
  readonly torrents: number;
  readonly swarms: number;
}

export interface Setting {
  readonly child: ChildProcess;
  readonly url: string;
  readonly infoHash: string;
  readonly subdomain: string;
  readonly probe: string;
}

/** Fills the database, starts `serve`, reports, and announces. */
export async function startSetting(directory: string, size: Size): Promise<Setting> {
  const subdomains = Array.from({ length: size.subdomains }, (_, n) => `pop-${String(n).padStart(4, '0')}`);
  const [control, tracker, site] = [await freePort(), await freePort(), await freePort()];
  const file = join(directory, 'bench.yaml');
  const config = configOf(size, subdomains, { control, tracker, site });
  writeFileSync(file, JSON.stringify(config));
  console.error('filling the catalogue and the time series');
  const database = openDatabase(databaseFile({ storage: { directory } }));
  fillCatalogue(database, size.torrents);
  fillHistory(database, subdomains, Date.now());
  database.close();
  console.error('starting');
  const child = spawn(process.execPath, [CLI, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of child.stdout!) if (String(chunk).includes('Ctrl-C stops it.')) break;
  child.stdout!.resume();
  const url = `http://127.0.0.1:${control}`;
  console.error('reporting and announcing');
  await reportDensity(url, subdomains);
  await announceAll(tracker, size.swarms);
  return { child, url, infoHash: hashOf(0), subdomain: subdomains[0]!, probe: probeOf(0) };
}

/** The n-th torrent of the catalogue. */
function hashOf(n: number): string {
  return createHash('sha1').update(`${n}`).digest('hex');
}

function probeOf(n: number): string {
  return `dp-${String(n).padStart(3, '0')}`;
}

function configOf(
  size: Size,
  subdomains: readonly string[],
  ports: { control: number; tracker: number; site: number },
) {
  const probes = Math.ceil(subdomains.length / SUBDOMAINS_PER_PROBE);
  return {
    operator: {
      name: 'Bench',
      networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }],
      subdomains: subdomains.map((id, n) => ({ id, prefixes: [`127.1.${n >> 3}.${(n & 7) << 5}/27`] })),
    },
    tracker: { listen: [`udp://127.0.0.1:${ports.tracker}`, `http://127.0.0.1:${ports.tracker}`] },
    crawler: { sources: [] },
    upstream: { exchange: false },
    mirrorSite: { listen: `http://127.0.0.1:${ports.site}` },
    dnsRedirect: {
      listen: ['127.0.0.1:0'],
      upstreamResolvers: ['127.0.0.9'],
      clients: ['127.0.0.0/8'],
      mirrorAddresses: ['127.0.0.1'],
      trackerAddresses: ['127.0.0.1'],
      sites: Array.from({ length: size.names / 2 }, (_, n) => ({ name: `site-${n}.example`, port: ports.site })),
      trackers: Array.from({ length: size.names / 2 }, (_, n) => `tracker-${n}.example`),
    },
    reports: {
      probes: Array.from({ length: probes }, (_, n) => ({
        id: probeOf(n),
        subdomains: subdomains.slice(n * SUBDOMAINS_PER_PROBE, (n + 1) * SUBDOMAINS_PER_PROBE),
        token: `bench-token-${probeOf(n)}`,
      })),
    },
    control: { listen: `http://127.0.0.1:${ports.control}`, token: TOKEN },
    storage: { directory: '.' },
    logging: { level: 'error' },
    lab: true,
  };
}

/** One report of each probe, on the minute that ends now. */
async function reportDensity(url: string, subdomains: readonly string[]): Promise<void> {
  for (let n = 0; n * SUBDOMAINS_PER_PROBE < subdomains.length; n++) {
    const own = subdomains.slice(n * SUBDOMAINS_PER_PROBE, (n + 1) * SUBDOMAINS_PER_PROBE);
    const body = {
      probe: probeOf(n),
      sequence: 1,
      periodStart: new Date(Date.now() - 60_000).toISOString(),
      periodSeconds: 60,
      subdomains: own.map((id, i) => ({ id, bytes: 1_000_000 * (i + 1), users: 100 })),
    };
    const response = await fetch(`${url}/api/v1/density`, {
      method: 'POST',
      headers: { authorization: `Bearer bench-token-${probeOf(n)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.status !== 202) throw new Error(`a report was refused: ${await response.text()}`);
  }
}

/** A few inner clients in each swarm; the first has all of it in every second one. */
async function announceAll(port: number, swarms: number): Promise<void> {
  const wanted = Array.from({ length: swarms * PEERS_PER_SWARM }, (_, n) => n);
  const work = async (): Promise<void> => {
    for (let n = wanted.pop(); n !== undefined; n = wanted.pop()) {
      const swarm = Math.floor(n / PEERS_PER_SWARM);
      const left = n % PEERS_PER_SWARM === 0 && swarm % 2 === 0 ? 0 : 1_000;
      await announce(port, { infoHash: hashOf(swarm), from: `127.1.${n & 255}.${1 + ((n >> 8) % 250)}`, left });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

function announce(port: number, { infoHash, from, left }: { infoHash: string; from: string; left: number }) {
  const hash = infoHash.replace(/../g, '%$&');
  const path = `/announce?info_hash=${hash}&peer_id=-BE0000-${from.replaceAll('.', '').padEnd(12, '-').slice(0, 12)}&port=6881&uploaded=0&downloaded=0&left=${left}&event=started`;
  return new Promise<void>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, localAddress: from }, (response) => {
      response.resume().on('end', resolve);
    })
      .on('error', reject)
      .end();
  });
}
