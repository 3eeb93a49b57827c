/** Several workers as real threads with real sockets: each listens on ports of its own. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { startThread, threadModule } from '../../../../src/threads/start-thread.js';
import { type CountersView, readCounters } from '../../../../src/tracker/counters.js';
import type { FromWorker, WorkerStart } from '../../../../src/tracker/data-plane-messages.js';
import type { DataPlaneOptions } from '../../../../src/tracker/data-plane-options.js';
import { createWorkerMemory } from '../../../../src/tracker/data-plane-thread.js';
import { createLinksMemory } from '../../../../src/tracker/workers/worker-links.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../../../../src/transport/linux/descriptor-ledger.js';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../../../../src/transport/linux/linux-abi.js';
import { openNativeCalls } from '../../../../src/transport/linux/native-calls.js';
import {
  decodeUdpAnswer,
  encodeUdpConnect,
  encodeUdpScrape,
  type UdpAnswer,
} from '../../../../src/wire/udp-client-packets.js';
import { makeCertificate, openssl } from '../../../support/certificates.js';
import { eventually } from '../../../support/eventually.js';
import { labPolicy } from '../../../support/lab-policy.js';
import { wholeBodies } from '../../../support/raw-http.js';
import { escaped, peerId } from '../lab-tracker.js';
import { hashOf } from './worker-group.js';

const COUNT = 3;
const UDP = 0;
const HTTP = 1;
const HTTPS = 2;
const POLICY = labPolicy();
const MODULE = threadModule(new URL('../../../../src/tracker/here.ts', import.meta.url).href, 'data-plane-worker.js');

type Ready = Extract<FromWorker, { type: 'ready' }>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class WorkerThreads {
  private readonly workers: { worker: Worker; ready: Ready; descriptors: SharedArrayBuffer }[] = [];
  private readonly memories = Array.from({ length: COUNT }, createWorkerMemory);
  private readonly memory = createLinksMemory(COUNT);
  private readonly connectionIdKey = randomBytes(16);
  private readonly events: readonly number[];
  private readonly listen: DataPlaneOptions['listen'];

  static async start(tls?: { certificateFile: string; keyFile: string }): Promise<WorkerThreads> {
    const calls = await openNativeCalls();
    const events = Array.from({ length: COUNT }, () => calls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const threads = new WorkerThreads(events, tls);
    cleanups.push(() => threads.stop());
    for (let index = 0; index < COUNT; index++) await threads.startWorker(index);
    return threads;
  }

  private constructor(events: readonly number[], tls?: { certificateFile: string; keyFile: string }) {
    this.events = events;
    const host = '127.0.0.1';
    this.listen = [
      { protocol: 'udp', host, port: 0 },
      { protocol: 'http', host, port: 0 },
      ...(tls === undefined ? [] : [{ protocol: 'https', host, port: 0, tls } as const]),
    ];
  }

  async startWorker(index: number): Promise<void> {
    const descriptors = createDescriptorLedger();
    const workerData: WorkerStart = {
      options: {
        share: { index, count: COUNT },
        listen: this.listen,
        topology: POLICY.topology,
        cost: POLICY.cost,
        transport: 'linux',
        lab: true,
        limits: { arenaBytes: 64 * 1024 * 1024 },
      },
      ...this.memories[index]!,
      snapshots: [],
      descriptors,
      links: { memory: this.memory, events: this.events },
      connectionIdKey: this.connectionIdKey,
    };
    this.workers[index] = {
      ...(await startThread<Ready>(MODULE, { name: `tracker-${index}`, workerData })),
      descriptors,
    };
  }

  port(index: number, listener: number): number {
    return this.workers[index]!.ready.addresses[listener]!.port;
  }

  counters(index: number): CountersView {
    return readCounters(this.memories[index]!.counters);
  }

  /** As a defect would end it. */
  async kill(index: number): Promise<void> {
    const { worker, descriptors } = this.workers[index]!;
    await worker.terminate();
    closeNotedDescriptors(descriptors);
  }

  private async stop(): Promise<void> {
    for (const [index, { worker }] of this.workers.entries()) {
      const exited = worker.threadId === -1 ? undefined : once(worker, 'exit');
      worker.postMessage({ type: 'stop' });
      await exited;
      closeNotedDescriptors(this.workers[index]!.descriptors);
    }
    for (const event of this.events) closeSync(event);
  }
}

/** A connection that stays open. */
class Client {
  closed = false;
  private received = '';
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
    cleanups.push(() => socket.destroy());
  }

  send(...requests: string[]): void {
    this.socket.write(requests.join(''), 'latin1');
  }

  /** Of the answers that have come whole. */
  get bodies(): string[] {
    return wholeBodies(this.received);
  }

  async answers(count: number): Promise<string[]> {
    await eventually('all answers', () => this.bodies.length >= count);
    return this.bodies;
  }
}

function announce(owner: number, n: number, swarm = 0): string {
  const hash = escaped(hashOf(owner, COUNT, swarm));
  return `GET /announce?info_hash=${hash}&peer_id=${escaped(peerId(n))}&port=${6_000 + n}&left=1 HTTP/1.1\r\n\r\n`;
}

const leechersIn = (answer: string): number => Number(/10:incompletei(\d+)e/.exec(answer)?.[1]);

/** Two exchanges, with a worker each. */
async function scrapeOverUdp(connectPort: number, scrapePort: number, hashes: Uint8Array[]): Promise<UdpAnswer> {
  const socket = createSocket('udp4');
  cleanups.push(() => socket.close());
  const ask = async (bytes: Uint8Array, port: number): Promise<UdpAnswer> => {
    socket.send(bytes, port, '127.0.0.1');
    return decodeUdpAnswer((await once(socket, 'message'))[0] as Uint8Array);
  };
  const connected = await ask(encodeUdpConnect(1), connectPort);
  if (connected.action !== 'connect') throw new Error(connected.action);
  return ask(encodeUdpScrape(connected.connectionId, 2, hashes), scrapePort);
}

describe.skipIf(process.platform !== 'linux')('workers in threads', () => {
  it('answer for all swarms on any connection, in the order of the requests', async () => {
    const threads = await WorkerThreads.start();
    const rounds = 40;
    const clients = Array.from({ length: COUNT }, (_, i) => new Client(connect(threads.port(i, HTTP), '127.0.0.1')));
    for (const [i, client] of clients.entries()) {
      // Requests of one packet, with those of this worker among them.
      for (let round = 0; round < rounds; round++) {
        client.send(...[2, 0, 1, 0].map((owner, at) => announce(owner, 10 * i + 3, 1_000 * i + 4 * round + at)));
      }
    }
    for (const [i, client] of clients.entries()) {
      const answers = await client.answers(4 * rounds);
      expect(answers.map(leechersIn)).toEqual(answers.map(() => 1));
      const last = new Client(connect(threads.port((i + 1) % COUNT, HTTP), '127.0.0.1'));
      last.send(announce(2, 1, 1_000 * i), announce(0, 1, 1_000 * i + 1), announce(0, 1, 1_000 * i + 3));
      expect((await last.answers(3)).map(leechersIn)).toEqual([2, 2, 2]);
    }
    await eventually('gauges', () => threads.counters(0).peers > 0);
    const all = Array.from({ length: COUNT }, (_, i) => threads.counters(i));
    const sum = (read: (view: CountersView) => number): number => all.reduce((total, view) => total + read(view), 0);
    expect(sum(({ announces }) => announces.http)).toBe(COUNT * (4 * rounds + 3));
    expect(sum(({ defects }) => defects)).toBe(0);
    // Of four requests, two are for worker 0 and one for each other.
    expect(threads.counters(1).passedToWorkers).toBeGreaterThanOrEqual(3 * rounds);
    expect(threads.counters(0).passedToWorkers).toBeGreaterThanOrEqual(2 * rounds);
  });

  it('gather scrapes, and take connection ids of each other', async () => {
    const threads = await WorkerThreads.start();
    const client = new Client(connect(threads.port(0, HTTP), '127.0.0.1'));
    client.send(announce(0, 1), announce(1, 1), announce(1, 2), announce(2, 1));
    await client.answers(4);
    const hashes = [hashOf(1, COUNT), hashOf(2, COUNT), hashOf(0, COUNT), hashOf(1, COUNT)];
    for (let i = 0; i < COUNT; i++) {
      const answer = await scrapeOverUdp(threads.port(i, UDP), threads.port((i + 1) % COUNT, UDP), hashes);
      expect(answer).toMatchObject({
        action: 'scrape',
        transactionId: 2,
        entries: [2, 1, 1, 2].map((leechers) => ({ seeders: 0, completed: 0, leechers })),
      });
      const over = new Client(connect(threads.port(i, HTTP), '127.0.0.1'));
      over.send(`GET /scrape?${hashes.map((hash) => `info_hash=${escaped(hash)}`).join('&')} HTTP/1.1\r\n\r\n`);
      const [body] = await over.answers(1);
      expect([...body!.matchAll(/10:incompletei(\d)e/g)].map(([, count]) => Number(count)).sort()).toEqual([1, 1, 2]);
    }
  });

  it('keep requests for one that is down, and go on meanwhile', async () => {
    const threads = await WorkerThreads.start();
    const client = new Client(connect(threads.port(0, HTTP), '127.0.0.1'));
    client.send(announce(1, 1));
    await client.answers(1);
    await threads.kill(1);
    const waiting = new Client(connect(threads.port(0, HTTP), '127.0.0.1'));
    waiting.send(announce(1, 2), announce(0, 2));
    const others = new Client(connect(threads.port(2, HTTP), '127.0.0.1'));
    others.send(announce(0, 3), announce(2, 3));
    expect((await others.answers(2)).map(leechersIn)).toEqual([1, 1]);
    expect(waiting.bodies).toEqual([]);
    await threads.startWorker(1);
    await eventually('both answers', () => waiting.bodies.length === 2 || waiting.closed);
    // On a slow machine it may have waited too long, but its announce counts. Without a snapshot the swarm was empty.
    if (!waiting.closed) expect(waiting.bodies.map(leechersIn)).toEqual([1, 2]);
    await eventually('the announce', () => threads.counters(1).announces.http === 2);
    const through = new Client(connect(threads.port(1, HTTP), '127.0.0.1'));
    through.send(announce(0, 3), announce(1, 4), announce(2, 4));
    expect((await through.answers(3)).map(leechersIn)).toEqual([waiting.closed ? 1 : 2, 2, 2]);
  });

  it.skipIf(openssl === undefined)('pass requests that came over TLS', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-workers-'));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    const { certificate, key } = makeCertificate(directory, 'tracker', ['tracker.example']);
    const threads = await WorkerThreads.start({ certificateFile: certificate, keyFile: key });
    const client = new Client(
      connectTls({ port: threads.port(0, HTTPS), host: '127.0.0.1', rejectUnauthorized: false }),
    );
    client.send(announce(1, 1), announce(0, 1), announce(1, 2), announce(2, 1));
    expect((await client.answers(4)).map(leechersIn)).toEqual([1, 1, 2, 1]);
    client.send(announce(1, 3));
    expect(leechersIn((await client.answers(5))[4]!)).toBe(3);
  });
});
