/**
 * The exchange in the real program: an original tracker over HTTPS, whose certificate is checked; and a process that is killed,
 * after which no original is asked too early.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { requireProgram } from '../support/real-program.js';
import { ServeProcess } from '../support/serve-process.js';
import {
  type Closing,
  joinSwarm,
  type OriginalTracker,
  startNames,
  startTracker,
} from '../unit/upstream/original-tracker.js';

const openssl = requireProgram('openssl');
const TOKEN = 'the-control-token';
const CLIENT = '127.1.0.9';
const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Originals {
  readonly originals: readonly {
    readonly name: string;
    readonly failure: string | null;
    readonly failures: number;
    readonly answeredAt: string | null;
  }[];
}

async function create(resolver: string, trackersOf: Readonly<Record<number, string>>, environment = {}) {
  const [port, controlPort] = [await freePort(), await freePort()];
  const serve = new ServeProcess(
    {
      operator: { name: 'N', networks: [{ asn: 64_500, prefixes: ['127.1.0.0/16'] }] },
      tracker: { listen: [`udp://127.0.0.1:${port}`], interval: '1m', minInterval: '1s' },
      upstream: { resolvers: [resolver], every: '1s' },
      control: { listen: `http://127.0.0.1:${controlPort}`, token: TOKEN },
      logging: { level: 'warn' },
      lab: true,
    },
    { environment },
  );
  closing.push(() => serve.close());
  const database = openDatabase(join(serve.directory, 'data/alias-tracker.sqlite'));
  for (const [n, url] of Object.entries(trackersOf)) {
    createCatalogue(database).store(torrentToStore(Number(n), { trackerTiers: [[url]] }), Date.now());
  }
  database.close();
  return {
    serve,
    announce: async (n: number) => {
      const { peers } = await announceOverUdp({
        tracker: { host: '127.0.0.1', port },
        localAddress: CLIENT,
        infoHash: hashOf(n),
        peerId: '-XX0001-000000000001',
        port: 6_881,
        event: 'none',
        leftBytes: 1_000,
      });
      return peers.map((peer) => `${peer.host}:${peer.port}`);
    },
    originals: async (): Promise<Originals> => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(`http://127.0.0.1:${controlPort}/api/v1/upstream/originals`, { headers });
      return (await answer.json()) as Originals;
    },
    isUp: (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${controlPort}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
  };
}

/** The HTTP side of a tracker behind TLS. */
async function behindTls(tracker: OriginalTracker, certificate: string, key: string): Promise<number> {
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (incoming, response) => {
    tracker.server.http.emit('request', incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return (server.address() as { port: number }).port;
}

describe.skipIf(openssl === undefined)('an original tracker over HTTPS', () => {
  it('is asked if its certificate is valid for its name, and not otherwise', async () => {
    const names = await startNames(closing, {
      'secure.example': { address: '127.0.0.1' },
      'other.example': { address: '127.0.0.1' },
    });
    const tracker = await startTracker(closing);
    for (const n of [1, 2]) await joinSwarm(tracker, [7_000 + n], { infoHash: hashOf(n) });
    const resolver = `${names.endpoint.host}:${names.endpoint.port}`;
    const probe = await create(resolver, {});
    const { certificate, key } = makeCertificate(probe.serve.directory, 'tracker', ['secure.example']);
    const port = await behindTls(tracker, certificate, key);
    const world = await create(
      resolver,
      { 1: `https://secure.example:${port}/announce`, 2: `https://other.example:${port}/announce` },
      { NODE_EXTRA_CA_CERTS: certificate },
    );
    await world.serve.start();
    await eventually('its peer is handed out', async () => (await world.announce(1)).includes('127.0.0.1:7001'));
    await world.announce(2);
    let other: Originals['originals'][number] | undefined;
    await eventually(
      'the other one failed',
      async () => {
        other = (await world.originals()).originals.find(({ name }) => name.includes('other.example'));
        return (other?.failures ?? 0) > 0;
      },
      { found: () => JSON.stringify(other) },
    );
    expect(other).toMatchObject({ name: `https://other.example:${port}`, answeredAt: null });
    expect(other!.failure).toContain("does not match certificate's altnames");
    expect(await world.announce(2)).toEqual([]);
    const { stdout, stderr } = world.serve.command('originals', '--config', world.serve.configFile);
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^original trackers: 2, torrents in need: 2; requests to each, at most: 20 a second, 8 at once/,
    );
    expect(stdout).toMatch(new RegExp(`^https://secure\\.example:${port} +closed`, 'm'));
  });
});

describe('a process that is killed', () => {
  it('asks no original for a torrent before it is due', async () => {
    const tracker = await startTracker(closing, { intervalMs: 600_000 });
    for (const n of [1, 2]) await joinSwarm(tracker, [7_001], { infoHash: hashOf(n) });
    const world = await create('127.0.0.1:9', { 1: tracker.udpUrl, 2: tracker.udpUrl });
    await world.serve.start();
    await eventually('its peer is handed out', async () => (await world.announce(1)).length > 0);
    const stored = (): number => {
      const database = openDatabase(join(world.serve.directory, 'data/alias-tracker.sqlite'));
      const { count } = database.prepare('SELECT count(*) AS count FROM upstream_due').get() as { count: number };
      database.close();
      return count;
    };
    await eventually('the interval is stored', () => stored() > 0);
    world.serve.signal('SIGKILL');
    tracker.announces.length = 0;
    await world.serve.start();
    await eventually('it is ready again', world.isUp);
    // The second torrent is due, so its announce shows that the first one's time has passed as well.
    await world.announce(1);
    await eventually('the second torrent is asked for', async () => (await world.announce(2)).length > 0);
    await eventually('two announces', () => tracker.announces.length === 2);
    expect(tracker.announces.map(({ event }) => event)).toEqual(['started', 'stopped']);
  });
});
