/** Swarms survive a restart: written while the process answers and at its end, checked and restored at the next start. */
import { createSocket } from 'node:dgram';
import { access, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { DataPlane } from '../../../src/tracker/data-plane.js';
import type { DataPlaneOptions } from '../../../src/tracker/data-plane-options.js';
import { readSnapshotFile } from '../../../src/tracker/snapshot-file.js';
import { SnapshotReceiver } from '../../../src/tracker/snapshot-receiver.js';
import { decodeSnapshot } from '../../../src/tracker/swarm/snapshot/snapshot-codec.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  type UdpAnswer,
} from '../../../src/wire/udp-client-packets.js';
import { eventually } from '../../support/eventually.js';
import { labPolicy } from '../../support/lab-policy.js';

const POLICY = labPolicy();
const SWARMS = 40;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'swarm-snapshot-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function start(snapshotFile: string, more: Partial<DataPlaneOptions> = {}): Promise<DataPlane> {
  const plane = await DataPlane.start({
    listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
    topology: POLICY.topology,
    cost: POLICY.cost,
    transport: 'portable',
    lab: true,
    limits: { arenaBytes: 64 * 1024 * 1024, maxPeersPerAddressInSwarm: 0 },
    snapshotFile,
    ...more,
  });
  cleanups.push(() => plane.stop());
  return plane;
}

/** Announces peers from 127.0.0.1, `perSwarm` ports in each of the swarms. */
async function fill(plane: DataPlane, swarms = SWARMS, perSwarm = 3): Promise<void> {
  const socket = createSocket('udp4');
  const { port } = plane.addresses[0]!;
  const ask = (bytes: Uint8Array): Promise<UdpAnswer> =>
    new Promise((resolve) => {
      socket.once('message', (message) => resolve(decodeUdpAnswer(message)));
      socket.send(bytes, port, '127.0.0.1');
    });
  const connected = await ask(encodeUdpConnect(1));
  if (connected.action !== 'connect') throw new Error(connected.action);
  for (let swarm = 0; swarm < swarms; swarm++) {
    for (let peer = 0; peer < perSwarm; peer++) {
      const answer = await ask(
        encodeUdpAnnounce({
          connectionId: connected.connectionId,
          transactionId: 2,
          infoHash: new Uint8Array(20).fill(swarm + 1),
          peerId: new Uint8Array(20).fill(peer),
          left: BigInt(peer),
          event: peer === 0 ? 1 : 2,
          port: 2_000 + peer,
        }),
      );
      if (answer.action !== 'announce') throw new Error(JSON.stringify(answer));
    }
  }
  socket.close();
}

const nameOf = (swarm: number): InfoHash => (swarm + 1).toString(16).padStart(2, '0').repeat(20) as InfoHash;

describe('the swarm snapshot', () => {
  it('brings swarms back after a stop', async () => {
    const file = join(await directory(), 'data', 'swarms.snapshot');
    const first = await start(file);
    expect(first.restored).toBeNull();
    await fill(first);
    await first.stop();
    const second = await start(file);
    expect(second.restored).toEqual({ peers: 3 * SWARMS, swarms: SWARMS, damage: null, setAsideAs: null });
    for (const swarm of [0, SWARMS - 1]) {
      expect(await second.swarm(nameOf(swarm))).toMatchObject({ seeds: 1, leechers: 2, completed: 1 });
    }
    await expect(access(`${file}.writing`)).rejects.toThrow();
  });

  it('is whole on disk while the tracker runs, so that a kill loses only what came later', async () => {
    const path = await directory();
    const first = await start(join(path, 'a'));
    await fill(first);
    await first.saveSnapshot();
    await copyFile(join(path, 'a'), join(path, 'b'));
    await fill(first, SWARMS, 5);
    const second = await start(join(path, 'b'));
    expect(second.restored).toMatchObject({ peers: 3 * SWARMS, damage: null });
  });

  it('is finished although the next one is due before that', async () => {
    const file = join(await directory(), 'swarms.snapshot');
    const plane = await start(file, { snapshotEverySeconds: 0.001 });
    // More than one frame, and one frame is sent at a time.
    await fill(plane, SWARMS, 60);
    const startedMs = Date.now();
    await eventually('a whole snapshot', async () => {
      const bytes = await readSnapshotFile(file);
      return bytes !== null && decodeSnapshot(bytes).takenAtMs > startedMs;
    });
    await plane.stop();
    expect((await start(file)).restored).toMatchObject({ peers: 60 * SWARMS, damage: null });
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
    ['changed in one bit', (bytes: Buffer) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 4 : byte))],
    ['something else', () => Buffer.from('not a snapshot at all, but longer than its head would be')],
    ['empty', () => Buffer.alloc(0)],
  ])('that is %s is set aside and said to be so, and the tracker starts', async (_name, damage) => {
    const file = join(await directory(), 'swarms');
    const first = await start(file);
    await fill(first, 3);
    await first.stop();
    const damaged = damage(await readFile(file));
    await writeFile(file, damaged);
    const second = await start(file);
    expect(second.restored).toMatchObject({ damage: expect.any(String), setAsideAs: `${file}.damaged` });
    expect(Buffer.compare(await readFile(`${file}.damaged`), damaged)).toBe(0);
    await fill(second, 1);
    await second.saveSnapshot();
    await second.stop();
    expect((await start(file)).restored?.damage).toBeNull();
  });

  it('that cannot be written is told, and answers go on', async () => {
    const path = await directory();
    await writeFile(join(path, 'file'), '');
    await expect(start(join(path, 'file', 'swarms'))).rejects.toThrow(OperatorError);
    const file = join(path, 'sub', 'swarms');
    const plane = await start(file);
    const faults: string[] = [];
    plane.onFault((error) => faults.push(error.message));
    await writeFile(join(path, 'sub'), 'a file where the directory should be');
    await expect(plane.saveSnapshot()).rejects.toThrow();
    expect(faults).toEqual([expect.stringContaining(file)]);
    await fill(plane, 1);
    await rm(join(path, 'sub'));
    await plane.saveSnapshot();
  });

  it('is abandoned for a newer one that begins before it has ended', async () => {
    const file = join(await directory(), 'swarms');
    const written: (Error | null)[] = [];
    const receiver = new SnapshotReceiver(
      file,
      () => {},
      (error) => written.push(error),
    );
    receiver.take({ id: 1, bytes: Buffer.from('old'), last: false });
    receiver.take({ id: 2, bytes: Buffer.from('new'), last: false });
    receiver.take({ id: 2, bytes: Buffer.from('er'), last: true });
    receiver.take({ id: 3, bytes: Buffer.from('half'), last: false });
    await receiver.close();
    expect(written).toEqual([null]);
    expect(await readFile(file, 'utf8')).toBe('newer');
    await expect(access(`${file}.writing`)).rejects.toThrow();
  });
});

describe('an explanation', () => {
  it('says whom a client would get, and changes nothing', async () => {
    const plane = await start(join(await directory(), 'swarms'));
    await fill(plane, 1);
    const explanation = await plane.explain({ infoHash: nameOf(0), address: parseIp('127.1.0.9'), numWant: 50 });
    expect(JSON.stringify(explanation).length).toBeGreaterThan(50);
    expect(await plane.swarm(nameOf(0))).toMatchObject({ seeds: 1, leechers: 2 });
  });
});
