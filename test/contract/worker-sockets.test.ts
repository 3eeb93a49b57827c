/** The sockets of several workers, with the kernel of this machine: where each datagram arrives, and what is refused. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/domain/errors.js';
import { parseIp } from '../../src/domain/ip-address.js';
import { MSG_DONTWAIT, SO_ATTACH_REUSEPORT_CBPF } from '../../src/transport/linux/linux-abi.js';
import { type NativeCalls, openNativeCalls } from '../../src/transport/linux/native-calls.js';
import { NativeMemory } from '../../src/transport/linux/native-memory.js';
import { openSocket } from '../../src/transport/linux/open-socket.js';
import { writeSocketAddress } from '../../src/transport/linux/socket-address.js';
import { openWorkerSocketsOver, type WorkerSockets } from '../../src/transport/linux/worker-sockets.js';
import type { ListenAddress } from '../../src/transport/transport.js';
import { PATIENCE_MS } from '../support/eventually.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { GENEROUS } from '../support/transport-clients.js';

const NOBODY = 65_534;
const SENDERS = 40;
const DATAGRAMS_PER_SENDER = 200;
const CONNECT_BYTES = 16;
/** Announces without and with options, and scrapes of one, two and 74 torrents. */
const WITH_HASH = [98, 111, 180, 36, 56, 1_496];
/** Connects, and what is too short for an info-hash. */
const WITHOUT_HASH = [CONNECT_BYTES, 0, 12, 35];
const WORKER_SOCKETS = new URL('../../dist/transport/linux/worker-sockets.js', import.meta.url).href;

describe.runIf(process.platform === 'linux')('the sockets of several workers', () => {
  let calls: NativeCalls;
  let before: string[];
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    calls = await openNativeCalls();
    before = openDescriptors();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    expect(openDescriptors()).toEqual(before);
  });

  function open(listen: readonly ListenAddress[], count: number, over = calls): WorkerSockets {
    const sockets = openWorkerSocketsOver(over, listen, count, GENEROUS);
    cleanups.push(() => sockets.close());
    return sockets;
  }

  const udp = (host: string, port = 0): ListenAddress => ({ protocol: 'udp', host, port });

  /** Sends datagrams of all kinds from many ports. @returns how many of each arrived where they should, or elsewhere */
  function exchange(workers: readonly number[], host: string, port: number) {
    const memory = new NativeMemory(calls, 4_096);
    const [name, datagram] = [memory.reserve(32), memory.reserve(1_500)];
    const nameBytes = writeSocketAddress(memory, name, parseIp(host), port);
    const found = { routed: 0, misrouted: 0, short: 0 };
    const shortOnes = new Set<number>();
    let [sent, random] = [0, 1];
    const drain = (): void => {
      workers.forEach((fd, index) => {
        for (;;) {
          const length = calls.recv(fd, memory.address + datagram, 1_500, MSG_DONTWAIT);
          if (length < 0) return;
          if (length < 36) {
            found.short++;
            shortOnes.add(index);
          } else if (memory.view.getUint32(datagram + 16) % workers.length === index) found.routed++;
          else found.misrouted++;
        }
      });
    };
    const received = (): number => found.routed + found.misrouted + found.short;
    const giveUpMs = performance.now() + PATIENCE_MS;
    for (let sender = 0; sender < SENDERS; sender++) {
      const { fd } = openSocket(calls, udp(host.includes(':') ? '::' : '0.0.0.0'), []);
      try {
        expect(calls.connect(fd, memory.address + name, nameBytes)).toBe(0);
        for (let i = 0; i < DATAGRAMS_PER_SENDER; i++) {
          const kinds = i % 4 === 3 ? WITHOUT_HASH : WITH_HASH;
          random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
          memory.view.setUint32(datagram + 16, (random ^ (random >>> 15)) >>> 0);
          const length = kinds[(i >>> 2) % kinds.length]!;
          expect(calls.send(fd, memory.address + datagram, length, MSG_DONTWAIT)).toBe(length);
          // The receive buffers hold few.
          if (++sent % 50 === 0) while (received() < sent && performance.now() < giveUpMs) drain();
        }
      } finally {
        calls.close(fd);
      }
    }
    expect(received()).toBe(sent);
    return { ...found, workersWithShortOnes: shortOnes.size };
  }

  const ROUTED = {
    routed: (SENDERS * DATAGRAMS_PER_SENDER * 3) / 4,
    misrouted: 0,
    short: (SENDERS * DATAGRAMS_PER_SENDER) / 4,
  };

  describe.each([2, 4, 7])('%i of them', (count) => {
    it.each([
      ['127.0.0.1', ['127.0.0.1']],
      ['0.0.0.0', ['127.0.0.1', '127.0.0.9']],
      ['::1', ['::1']],
      ['::', ['::1', '127.0.0.1']],
    ])('get their datagrams on %s', (host, asked) => {
      const { addresses, descriptors } = open([udp(host)], count);
      expect(new Set(descriptors[0]).size).toBe(count);
      for (const to of asked) {
        const found = exchange(descriptors[0]!, to, addresses[0]!.port);
        expect(found).toMatchObject(ROUTED);
        expect(found.workersWithShortOnes).toBeGreaterThan(1);
      }
    });

    it.runIf(process.getuid?.() === 0)('get them without any privilege', () => {
      process.seteuid!(NOBODY);
      try {
        const { addresses, descriptors } = open([udp('::')], count);
        expect(exchange(descriptors[0]!, '127.0.0.1', addresses[0]!.port)).toMatchObject(ROUTED);
      } finally {
        process.seteuid!(0);
      }
    });
  });

  it('are several groups on one port, one for each family', () => {
    const four = open([udp('0.0.0.0')], 2);
    const { port } = four.addresses[0]!;
    const six = open([{ ...udp('::', port), ipv6Only: true }], 2);
    expect(exchange(four.descriptors[0]!, '127.0.0.1', port)).toMatchObject(ROUTED);
    expect(exchange(six.descriptors[0]!, '::1', port)).toMatchObject(ROUTED);
  });

  it('are one socket for all where they listen for connections, and an eventfd for each', () => {
    const listen = (['udp', 'http', 'https'] as const).map((protocol) => ({ protocol, host: '127.0.0.1', port: 0 }));
    const { addresses, descriptors, events } = open(listen, 3);
    expect(addresses).toEqual(listen.map((one) => ({ ...one, port: expect.any(Number) })));
    expect(descriptors.map((workers) => new Set(workers).size)).toEqual([3, 1, 1]);
    expect(descriptors.map((workers) => workers.length)).toEqual([3, 3, 3]);
    expect(new Set(events).size).toBe(3);
  });

  it('are those of today for one worker', () => {
    const refusing = { ...calls, setsockopt: () => -1 };
    const { descriptors, events } = open([udp('127.0.0.1')], 1, refusing);
    expect(descriptors).toEqual([[expect.any(Number)]]);
    expect(events).toHaveLength(1);
  });

  describe('are not opened', () => {
    function refusal(listen: readonly ListenAddress[], over = calls): OperatorError {
      const opened = openDescriptors();
      let thrown: unknown;
      try {
        openWorkerSocketsOver(over, listen, 3, GENEROUS).close();
      } catch (error) {
        thrown = error;
      }
      expect(openDescriptors()).toEqual(opened);
      expect(thrown).toBeInstanceOf(OperatorError);
      return thrown as OperatorError;
    }

    it('where the kernel refuses the program', () => {
      const over: NativeCalls = {
        ...calls,
        setsockopt: (fd, level, name, value, bytes) =>
          name === SO_ATTACH_REUSEPORT_CBPF ? -1 : calls.setsockopt(fd, level, name, value, bytes),
        errno: () => 1,
      };
      expect(refusal([udp('127.0.0.1')], over)).toMatchObject({
        code: 'environment',
        message: expect.stringMatching(/SO_ATTACH_REUSEPORT_CBPF: EPERM\. Set tracker\.workers: 1$/),
      });
    });

    it('where the kernel takes the program and does not run it', () => {
      const over: NativeCalls = {
        ...calls,
        setsockopt: (fd, level, name, value, bytes) =>
          name === SO_ATTACH_REUSEPORT_CBPF ? 0 : calls.setsockopt(fd, level, name, value, bytes),
      };
      expect(refusal([udp('::1')], over)).toMatchObject({
        code: 'environment',
        message: expect.stringMatching(/it delivered a datagram for worker \d to worker \d/),
      });
    });

    it('where file descriptors run out, and then none stays open', () => {
      for (let allowed = 0; allowed < 20; allowed++) {
        let left = allowed;
        const over: NativeCalls = {
          ...calls,
          socket: (...args) => (left-- > 0 ? calls.socket(...args) : -1),
          eventfd: (...args) => (left-- > 0 ? calls.eventfd(...args) : -1),
          errno: () => 24,
        };
        const listen: ListenAddress[] = [udp('127.0.0.1'), { protocol: 'http', host: '127.0.0.1', port: 0 }];
        // Four for the check, three for the group, one for connections and three eventfds.
        if (allowed < 11) expect(refusal(listen, over).message).toMatch(/EMFILE/);
        else openWorkerSocketsOver(over, listen, 3, GENEROUS).close();
      }
    });

    it('on an address that another socket has, or other workers have', async () => {
      const other = createSocket('udp4');
      cleanups.push(() => new Promise<void>((resolve) => other.close(() => resolve())));
      other.bind(0, '127.0.0.1');
      await once(other, 'listening');
      const taken = [udp('127.0.0.1', other.address().port), ...open([udp('127.0.0.1'), udp('::')], 3).addresses];
      for (const address of taken) {
        expect(refusal([address])).toMatchObject({
          code: 'cannot-listen',
          message: expect.stringContaining('another program has this port'),
        });
      }
      // A wildcard takes what a part of it has.
      for (const { port } of taken) expect(refusal([udp('0.0.0.0', port)]).code).toBe('cannot-listen');
    });

    it('on an address where another process of this user has workers, nor the other way round', async () => {
      const listen: ListenAddress[] = [udp('127.0.0.1'), { protocol: 'http', host: '127.0.0.1', port: 0 }];
      const child = await openElsewhere(listen);
      for (const address of child.addresses) expect(refusal([address]).code).toBe('cannot-listen');
      const here = open([udp('127.0.0.1')], 2);
      expect((await openElsewhere(here.addresses)).error).toContain('another program has this port');
    });
  });

  interface Elsewhere {
    readonly addresses: readonly ListenAddress[];
    readonly error?: string;
  }

  /** Opens the sockets of two workers in another process, which ends with the test. */
  async function openElsewhere(listen: readonly ListenAddress[]): Promise<Elsewhere> {
    const program = `
      import { openWorkerSockets } from ${JSON.stringify(WORKER_SOCKETS)};
      const found = await openWorkerSockets(${JSON.stringify(listen)}, 2, ${JSON.stringify(GENEROUS)}).catch(
        (error) => ({ addresses: [], error: error.message }));
      process.send({ addresses: found.addresses, error: found.error });
      process.on('message', () => {});`;
    const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    cleanups.push(async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    const [found] = await once(child, 'message');
    return found;
  }
});
