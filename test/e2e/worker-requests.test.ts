/** The same requests to one worker and to four yield the same swarms; and what becomes of requests for a worker that restarts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Restarts } from '../../src/app/supervision/restarts.js';
import { systemClock } from '../../src/domain/clock.js';
import type { InfoHash } from '../../src/domain/info-hash.js';
import { createRandom, type Random } from '../../src/domain/random.js';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { createLogger } from '../../src/logging/logger.js';
import type { DataPlaneOptions } from '../../src/tracker/data-plane-options.js';
import { SupervisedDataPlane } from '../../src/tracker/supervised-data-plane.js';
import { ownerOf } from '../../src/tracker/workers/owner.js';
import { eventually } from '../support/eventually.js';
import { labPolicy } from '../support/lab-policy.js';
import { wholeBodies } from '../support/raw-http.js';

const WORKERS = 4;
const REQUESTS = 400;
const SWARMS = 12;
const POLICY = labPolicy();
const HASHES = Array.from(
  { length: SWARMS },
  (_, i) => ((0x3000_0005 * i) >>> 0).toString(16).padStart(8, '0') + '7e'.repeat(16),
) as InfoHash[];
const ownerIn = (infoHash: string): number => ownerOf(Buffer.from(infoHash, 'hex'), 0, WORKERS);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(workers: number, more: Partial<DataPlaneOptions> = {}): Promise<SupervisedDataPlane> {
  const log = createLogger('silent');
  const context = { logger: log, clock: systemClock, health: { report: () => {} } };
  const plane = await SupervisedDataPlane.start(
    {
      workers,
      listen: [
        { protocol: 'udp', host: '127.0.0.1', port: 0 },
        { protocol: 'http', host: '127.0.0.1', port: 0 },
      ],
      topology: POLICY.topology,
      cost: POLICY.cost,
      transport: 'linux',
      lab: true,
      limits: { arenaBytes: 64 * 1024 * 1024 },
      ...more,
    },
    { log, supervise: (restart, member) => new Restarts('tracker', context, restart, member) },
  );
  cleanups.push(() => plane.stop());
  return plane;
}

function escaped(bytes: Buffer): string {
  return bytes.toString('hex').replace(/../g, '%$&');
}

interface Peer {
  readonly infoHash: string;
  readonly n: number;
  readonly left: number;
  readonly event: 'started' | 'stopped' | 'completed' | 'none';
}

const peerIdOf = (n: number): string => `-E2E000-${String(n).padStart(12, '0')}`;
const httpRequest = ({ infoHash, n, left, event }: Peer): string =>
  `GET /announce?info_hash=${escaped(Buffer.from(infoHash, 'hex'))}&peer_id=${peerIdOf(n)}&port=${7_000 + n}&left=${left}` +
  `${event === 'none' ? '' : `&event=${event}`} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** A connection that stays open, with its whole answers. */
class KeptAlive {
  closed = false;
  private received = '';
  private readonly socket: Socket;

  constructor(plane: SupervisedDataPlane, from = '127.0.0.1') {
    const { port } = plane.addresses[1]!;
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from });
    this.socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    cleanups.push(() => this.socket.destroy());
  }

  send(...requests: string[]): void {
    this.socket.write(requests.join(''), 'latin1');
  }

  get answers(): string[] {
    return wholeBodies(this.received);
  }

  async all(count: number): Promise<string[]> {
    await eventually('all answers', () => this.answers.length >= count);
    return this.answers;
  }
}

/** Announces of all kinds, the same for the same seed, by UDP and on connections that stay open. */
async function announceAll(plane: SupervisedDataPlane, random: Random): Promise<void> {
  const addresses = ['127.1.0.3', '127.1.0.4', '127.5.0.9'];
  const connections = addresses.map((from) => new KeptAlive(plane, from));
  const answered = connections.map(() => 0);
  for (let i = 0; i < REQUESTS; i++) {
    const peer: Peer = {
      infoHash: HASHES[random.below(SWARMS)]!,
      n: random.below(30),
      left: random.below(3),
      event: (['started', 'none', 'completed', 'stopped'] as const)[random.below(4)]!,
    };
    const from = random.below(addresses.length);
    if (random.below(2) === 0) {
      const connection = connections[from]!;
      connection.send(httpRequest(peer));
      // In the same order as the datagrams.
      await connection.all(++answered[from]!);
      continue;
    }
    await announceOverUdp({
      tracker: { host: '127.0.0.1', port: plane.addresses[0]!.port },
      localAddress: addresses[from]!,
      infoHash: peer.infoHash,
      peerId: peerIdOf(peer.n),
      port: 7_000 + peer.n,
      leftBytes: peer.left,
      event: peer.event,
    });
  }
}

async function swarmsOf(plane: SupervisedDataPlane): Promise<unknown[]> {
  const found = await Promise.all(HASHES.map((infoHash) => plane.swarm(infoHash)));
  return found.map((swarm) => swarm && { ...swarm, imported: undefined });
}

describe.skipIf(process.platform !== 'linux')('a tracker with four workers', () => {
  it('has the swarms of one with a single worker after the same requests', async () => {
    const [several, alone] = [await start(WORKERS), await start(1)];
    expect(several.workers).toHaveLength(WORKERS);
    await announceAll(several, createRandom(3));
    await announceAll(alone, createRandom(3));
    expect(await swarmsOf(several)).toEqual(await swarmsOf(alone));
    const [{ announces, completed, refusals, passedToWorkers, defects }, one] = [several.counters(), alone.counters()];
    expect({ announces, completed, refusals, defects }).toEqual({
      announces: one.announces,
      completed: one.completed,
      refusals: one.refusals,
      defects: 0,
    });
    expect(announces.udp + announces.http).toBe(REQUESTS);
    expect(one.passedToWorkers).toBe(0);
    expect(passedToWorkers).toBeGreaterThan(0);
    expect(passedToWorkers).toBeLessThan(announces.http);
  });

  it('answers requests for a worker that restarts once it is back, and all others meanwhile', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-worker-requests-'));
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
    const plane = await start(WORKERS, { snapshotFile: join(directory, 'swarms.snapshot'), snapshotEverySeconds: 0.1 });
    const peer = (infoHash: string, n: number): string => httpRequest({ infoHash, n, left: 1, event: 'started' });
    const lost = ownerIn(HASHES[1]!);
    const others = HASHES.filter((infoHash) => ownerIn(infoHash) !== lost);
    // Which of the workers accepts a connection is not known: most of these are at one that goes on.
    const connections = Array.from({ length: 24 }, () => new KeptAlive(plane));
    for (const [i, connection] of connections.entries()) {
      connection.send(peer(HASHES[1]!, i));
      await connection.all(1);
    }
    plane.workers[lost]!.abandon(new Error('planted'));
    for (const [i, connection] of connections.entries())
      connection.send(peer(HASHES[1]!, 100 + i), peer(others[0]!, i));
    await eventually('the restart', () => plane.restarts === 1 && plane.isUp);
    // Those whose own worker ended are closed, and on a slow machine those that have waited too long.
    await eventually('an end', () => connections.every(({ answers, closed }) => closed || answers.length === 3));
    for (const { answers, closed } of connections) {
      if (!closed) expect(answers).toHaveLength(3);
      for (const answer of answers) expect(answer).toMatch(/10:incompletei\d+e/);
    }
    const again = new KeptAlive(plane);
    again.send(...HASHES.map((infoHash) => peer(infoHash, 200)));
    expect(await again.all(SWARMS)).toHaveLength(SWARMS);
    expect(plane.counters().defects).toBe(0);
  });
});
