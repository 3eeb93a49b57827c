/**
 * A seed that only the DHT knows, in a network of real addresses: libtorrent's nodes outside, a client of libtorrent inside that
 * asks nobody but the alias tracker. The rules for strangers' addresses are those of the Internet, without `lab`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import bencode from 'bencode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { type RunningApp, startLabApp } from '../support/lab-app.js';
import { ownNetwork } from '../support/own-network.js';
import { requireFacility } from '../support/real-program.js';
import { hasLibtorrent, PYTHON } from '../support/torrent-tools.js';

const TRACKER = '82.5.5.5';
const CLIENT = '81.6.6.9';
/** libtorrent ignores nodes of networks that nobody uses, such as 9.0.0.0/8. */
const NODES = Array.from({ length: 8 }, (_, n) => `80.9.${n}.1`);
const SEED = '80.9.200.1';
const PORT = 20_000;

const libtorrent = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());
const network = libtorrent
  ? await ownNetwork({ interfaces: [TRACKER], reachable: ['80.9.0.0/16', '81.6.6.0/24'] })
  : undefined;

const CONFIG = `
operator: { name: Example Telecom, networks: [ { asn: 64500, prefixes: [81.6.6.0/24, ${TRACKER}/32] } ] }
tracker: { listen: ["udp://${TRACKER}:6969"], minInterval: 1s }
upstream:
  exchange: false
  every: 1s
  resolvers: ["${TRACKER}:9"]
  dht: { bootstrap: ["${NODES[0]}:${PORT}", "${NODES[1]}:${PORT}", "${TRACKER}:6969"], listen: ["${TRACKER}:0"] }
control: { listen: "http://127.0.0.1:0", token: lab-token-control }
logging: { level: silent }
`;

describe.skipIf(network === undefined)('an inner client of a torrent whose only seed is in the DHT', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-dht-'));
  const content = Buffer.alloc(100_000, 'all work and no play ');
  const happened: Record<string, unknown>[] = [];
  let world: ChildProcess;
  let running: RunningApp;

  beforeAll(async () => {
    for (const folder of ['seed', 'leecher']) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, 'seed', 'file.bin'), content);
    const pieces = Array.from({ length: 7 }, (_, n) =>
      createHash('sha1')
        .update(content.subarray(n * 16_384, (n + 1) * 16_384))
        .digest(),
    );
    const info = { length: content.length, name: 'file.bin', 'piece length': 16_384, pieces: Buffer.concat(pieces) };
    const torrent = join(directory, 'file.torrent');
    writeFileSync(torrent, bencode.encode({ info }));
    const settings = {
      nodes: NODES,
      port: PORT,
      seed: SEED,
      seedDirectory: join(directory, 'seed'),
      leecher: CLIENT,
      leecherDirectory: join(directory, 'leecher'),
      torrent,
      tracker: `udp://${TRACKER}:6969/announce`,
    };
    writeFileSync(join(directory, 'settings.json'), JSON.stringify(settings));
    const script = join(import.meta.dirname, 'dht-world.py');
    world = spawn(PYTHON, ['-W', 'ignore', script, join(directory, 'settings.json')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: world.stdout! }).on('line', (line) => happened.push(JSON.parse(line)));
    running = await startLabApp(CONFIG);
    const { infoHash } = parseMetainfo(readFileSync(torrent));
    const database = openDatabase(databaseFile(running.config));
    createCatalogue(database).store(torrentToStore(1, { infoHash }), Date.now());
    database.close();
    await told('the DHT outside', 'ready');
  });
  afterAll(async () => {
    world?.stdin?.end();
    world?.kill('SIGKILL');
    await running?.stop();
    network!.leave();
    rmSync(directory, { recursive: true });
  });

  const told = (what: string, key: string): Promise<void> =>
    eventually(what, () => happened.some((each) => key in each), { possible: () => world.exitCode === null });

  it('downloads from it; the DHT learns nothing but that somebody asks', async () => {
    world.stdin!.write('download\n');
    await told('the download', 'complete');
    expect(readFileSync(join(directory, 'leecher', 'file.bin')).equals(content)).toBe(true);
    const infoHash = parseMetainfo(readFileSync(join(directory, 'file.torrent'))).infoHash;
    const swarm = (await running.call('GET', `/api/v1/swarms/${infoHash}`)).json;
    expect(swarm).toMatchObject({ imported: [{ origin: 'DHT' }] });
    const metrics = String((await running.call('GET', '/metrics')).json);
    const dht = (sample: string): number => Number(metrics.split(`\nalias_tracker_dht_${sample} `)[1]?.split('\n')[0]);
    expect(dht('events_total{event="lookups"}')).toBe(1);
    expect(dht('imported_peers_total')).toBe(1);
    expect(dht('events_total{event="answers"}')).toBeGreaterThan(1);
    // Not the tracker, and not the client.
    expect(happened.find((each) => 'announced' in each)).toMatchObject({ announced: [SEED] });
  });
});
