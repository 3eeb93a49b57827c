/** What the Linux transport does when a system call fails: real calls, each of which can be made to fail for a while. */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/domain/clock.js';
import { OperatorError } from '../../../../src/domain/errors.js';
import {
  EPOLL_CTL_ADD,
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  MMSGHDR_BYTES,
} from '../../../../src/transport/linux/linux-abi.js';
import { linuxTransportOver } from '../../../../src/transport/linux/linux-transport.js';
import { type NativeCalls, openNativeCalls } from '../../../../src/transport/linux/native-calls.js';
import type { DatagramHandler, HttpRequestHandler, Transport } from '../../../../src/transport/transport.js';
import { eventually } from '../../../support/eventually.js';

const EPERM = 1;
const EAGAIN = 11;
const ENOMEM = 12;
const EFAULT = 14;
const EMSGSIZE = 90;
const EMFILE = 24;
const ECONNREFUSED = 111;

const echo: DatagramHandler = {
  onDatagram(input, start, length, _remote, output, outputStart) {
    output.set(input.subarray(start, start + length), outputStart);
    return length;
  },
};

/** Answers each line with 3,000 bytes that end in the line. */
const lines = (): HttpRequestHandler => ({
  consumed: 0,
  close: false,
  onHttpBytes(input, start, length, _remote, output, outputStart) {
    const end = input.subarray(start, start + length).indexOf(10);
    if (end < 0) return 0;
    (this as { consumed: number }).consumed = end + 1;
    output.fill(46, outputStart, outputStart + 3_000);
    output.set(input.subarray(start, start + end + 1), outputStart + 3_000 - end - 1);
    return 3_000;
  },
});

describe.runIf(process.platform === 'linux')('a system call that fails', () => {
  let real: NativeCalls;
  beforeAll(async () => {
    real = await openNativeCalls();
  });
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** Real calls but for those in `changes`, which are given the real ones and a way to fail. */
  function calls(changes: (real: NativeCalls, fail: (errno: number) => -1) => Partial<NativeCalls>): NativeCalls {
    let failedWith = 0;
    const fail = (errno: number): -1 => {
      failedWith = errno;
      return -1;
    };
    const errno = (): number => {
      const code = failedWith === 0 ? real.errno() : failedWith;
      failedWith = 0;
      return code;
    };
    return { ...real, errno, ...changes(real, fail) };
  }

  function start(over: NativeCalls): Transport {
    const transport = linuxTransportOver(over, systemClock);
    cleanups.push(() => transport.stop());
    return transport;
  }

  function run(transport: Transport): void {
    const running = transport.run(() => {}, 20);
    cleanups.push(async () => {
      transport.stop();
      await running;
    });
  }

  /** Sends `count` numbered datagrams before the transport runs, so that they make one batch. */
  async function echoes(transport: Transport, count: number, wanted = count): Promise<string[]> {
    const { address } = await transport.listenUdp({ protocol: 'udp', host: '127.0.0.1', port: 0 }, echo);
    const socket = createSocket('udp4');
    cleanups.push(() => socket.close());
    const answers: string[] = [];
    socket.on('message', (message) => answers.push(message.toString()));
    for (let i = 0; i < count; i++) {
      await new Promise<void>((resolve) => socket.send(`n${i}`, address.port, '127.0.0.1', () => resolve()));
    }
    run(transport);
    await eventually('all answers', () => answers.length >= wanted);
    return answers;
  }

  async function askLines(transport: Transport, names: string[]): Promise<string> {
    const { address } = await transport.listenHttp({ protocol: 'http', host: '127.0.0.1', port: 0 }, lines(), {
      maxConnections: 10,
      requestTimeoutMs: 5_000,
      keepAliveTimeoutMs: 5_000,
    });
    run(transport);
    return ask(address.port, names);
  }

  async function ask(port: number, names: string[]): Promise<string> {
    const socket: Socket = connect(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    let received = '';
    let closed = false;
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      closed = true;
    });
    socket.write(`${names.join('\n')}\n`);
    await eventually('all answers', () => closed || received.split('\n').length > names.length);
    return received.replace(/\.+/g, '');
  }

  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

  it('sends the rest of a batch of which the kernel took a part', async () => {
    const transport = start(
      calls((r) => ({ sendmmsg: (fd, at, count, flags) => r.sendmmsg(fd, at, Math.min(3, count), flags) })),
    );
    expect(await echoes(transport, 40)).toEqual(numbered(40));
    expect(transport.counters).toMatchObject({ datagramsSent: 40, sendErrors: 0, batches: 1 });
  });

  it('leaves out the message that a firewall refuses', async () => {
    let checked = false;
    let first = 0;
    const transport = start(
      calls((r, fail) => ({
        sendmmsg: (fd, at, count, flags) => {
          if (!checked) {
            checked = true;
            return r.sendmmsg(fd, at, count, flags);
          }
          first ||= at;
          const index = (at - first) / MMSGHDR_BYTES;
          if (index === 4) return fail(EPERM);
          return r.sendmmsg(fd, at, index < 4 ? Math.min(count, 4 - index) : count, flags);
        },
      })),
    );
    expect(await echoes(transport, 10, 9)).toEqual(numbered(10).filter((name) => name !== 'n4'));
    expect(transport.counters).toMatchObject({ datagramsSent: 9, sendErrors: 1 });
  });

  it('waits where the send buffer is full, and loses nothing', async () => {
    let refusals = 5;
    let checked = false;
    const transport = start(
      calls((r, fail) => ({
        sendmmsg: (fd, at, count, flags) => {
          if (checked && refusals-- > 0) return fail(EAGAIN);
          checked = true;
          return r.sendmmsg(fd, at, count, flags);
        },
      })),
    );
    expect(await echoes(transport, 100)).toEqual(numbered(100));
    expect(transport.counters.sendErrors).toBe(0);
  });

  it('has messages fragmented once one is too large for an interface', async () => {
    let checked = false;
    let refused = false;
    const options: number[] = [];
    const transport = start(
      calls((r, fail) => ({
        setsockopt: (fd, level, name, value, bytes) => {
          if (level === IPPROTO_IP) options.push(name);
          return r.setsockopt(fd, level, name, value, bytes);
        },
        sendmmsg: (fd, at, count, flags) => {
          if (checked && !refused) {
            refused = true;
            return fail(EMSGSIZE);
          }
          checked = true;
          return r.sendmmsg(fd, at, count, flags);
        },
      })),
    );
    expect(await echoes(transport, 5)).toEqual(numbered(5));
    expect(options).toEqual([IP_MTU_DISCOVER, IP_MTU_DISCOVER]);
    expect(transport.counters.sendErrors).toBe(0);
  });

  it('goes on after an error that the network reported', async () => {
    let failures = 0;
    let checked = false;
    const transport = start(
      calls((r, fail) => ({
        recvmmsg: (...args) => {
          if (checked && failures++ < 2) return fail(ECONNREFUSED);
          checked = true;
          return r.recvmmsg(...args);
        },
      })),
    );
    expect(await echoes(transport, 3)).toEqual(numbered(3));
    expect(transport.counters.receiveErrors).toBe(2);
  });

  it('ends the run where only a defect of this program explains it', async () => {
    let checked = false;
    const transport = start(
      calls((r, fail) => ({
        recvmmsg: (...args) => {
          if (checked) return fail(EFAULT);
          checked = true;
          return r.recvmmsg(...args);
        },
      })),
    );
    const { address } = await transport.listenUdp({ protocol: 'udp', host: '127.0.0.1', port: 0 }, echo);
    const socket = createSocket('udp4');
    cleanups.push(() => socket.close());
    socket.send('x', address.port, '127.0.0.1');
    await expect(transport.run(() => {}, 20)).rejects.toThrow('recvmmsg failed: EFAULT');
  });

  it('pauses without file descriptors, and serves who waited', async () => {
    let failures = 3;
    const transport = start(
      calls((r, fail) => ({ accept4: (...args) => (failures-- > 0 ? fail(EMFILE) : r.accept4(...args)) })),
    );
    expect(await askLines(transport, ['one'])).toBe('one\n');
    expect(failures).toBeLessThan(0);
  });

  it('closes an idle connection where file descriptors run out', async () => {
    let connections = 0;
    const transport = start(
      calls((r, fail) => ({
        accept4: (...args) => {
          if (connections > 0 && transport.counters.connectionsOpen > 0) return fail(EMFILE);
          connections++;
          return r.accept4(...args);
        },
      })),
    );
    const { address } = await transport.listenHttp({ protocol: 'http', host: '127.0.0.1', port: 0 }, lines(), {
      maxConnections: 10,
      requestTimeoutMs: 60_000,
      keepAliveTimeoutMs: 60_000,
    });
    run(transport);
    expect(await ask(address.port, ['one'])).toBe('one\n');
    expect(await ask(address.port, ['two'])).toBe('two\n');
  });

  it('sends an answer that leaves a few bytes at a time', async () => {
    const transport = start(
      calls((r) => ({ send: (fd, at, length, flags) => r.send(fd, at, Math.min(700, length), flags) })),
    );
    expect(await askLines(transport, ['one', 'two', 'three'])).toBe('one\ntwo\nthree\n');
  });

  it('reads requests that arrive a byte at a time', async () => {
    const transport = start(
      calls((r) => ({ recv: (fd, at, length, flags) => r.recv(fd, at, Math.min(1, length), flags) })),
    );
    expect(await askLines(transport, ['one', 'two', 'three'])).toBe('one\ntwo\nthree\n');
  });

  it('gives up a connection that cannot be watched, and no other', async () => {
    let watched = 0;
    const transport = start(
      calls((r, fail) => ({
        // The self-check, Node's loop and the listener come first, then one connection that is kept alive.
        epoll_ctl: (epoll, operation, fd, event) =>
          operation === EPOLL_CTL_ADD && ++watched === 4 ? fail(ENOMEM) : r.epoll_ctl(epoll, operation, fd, event),
      })),
    );
    const { address } = await transport.listenHttp({ protocol: 'http', host: '127.0.0.1', port: 0 }, lines(), {
      maxConnections: 10,
      requestTimeoutMs: 5_000,
      keepAliveTimeoutMs: 5_000,
    });
    run(transport);
    expect(await ask(address.port, ['one'])).toBe('one\n');
    expect(transport.counters.connectionsOpen).toBe(0);
    expect(await ask(address.port, ['two'])).toBe('two\n');
    expect(transport.counters.connectionsOpen).toBe(1);
  });

  it('refuses to start on a machine whose structures are laid out otherwise', () => {
    const over = calls((r) => ({ recvmmsg: (fd, at, count, flags, t) => r.recvmmsg(fd, at + 8, count, flags, t) }));
    expect(() => linuxTransportOver(over, systemClock)).toThrow(OperatorError);
    expect(() => linuxTransportOver(over, systemClock)).toThrow('tracker.transport: portable');
  });
});
