/**
 * Sockets that the Linux transport is handed over: they outlive its listeners, and the next listener takes over. And eventfds,
 * with which other threads wake its loop.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../../src/transport/linux/descriptor-ledger.js';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EVENT_BYTES,
} from '../../src/transport/linux/linux-abi.js';
import { linuxTransportOver } from '../../src/transport/linux/linux-transport.js';
import { errnoName, type NativeCalls, openNativeCalls } from '../../src/transport/linux/native-calls.js';
import { NativeMemory } from '../../src/transport/linux/native-memory.js';
import { openSocket } from '../../src/transport/linux/open-socket.js';
import { createPortableTransport } from '../../src/transport/portable/portable-transport.js';
import type {
  DatagramHandler,
  HttpRequestHandler,
  ListenAddress,
  TransportCounters,
  TransportListener,
} from '../../src/transport/transport.js';
import { eventually } from '../support/eventually.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { Client, GENEROUS } from '../support/transport-clients.js';

const TLS_VECTORS = new URL('../vectors/tls/', import.meta.url);
const file = (name: string): string => fileURLToPath(new URL(name, TLS_VECTORS));
const TLS = { certificateFile: file('one.cert.pem'), keyFile: file('one.key.pem') };
const EMFILE = 24;

/** Answers a datagram or a line with a name and what was sent. */
class Named implements DatagramHandler, HttpRequestHandler {
  consumed = 0;
  close = false;
  answered = 0;
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    _remote: unknown,
    output: Uint8Array,
    at: number,
  ): number {
    this.answered++;
    const answer = Buffer.from(`${this.name} ${Buffer.from(input.subarray(start, start + length)).toString()}`);
    output.set(answer, at);
    return answer.length;
  }

  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    _remote: unknown,
    output: Uint8Array,
    at: number,
  ): number {
    const end = input.subarray(start, start + length).indexOf(10);
    if (end < 0) return 0;
    this.consumed = end + 1;
    this.answered++;
    const line = Buffer.from(`${this.name} ${Buffer.from(input.subarray(start, start + end + 1)).toString()}`);
    output.set(line, at);
    return line.length;
  }
}

const LINUX_TRANSPORT = new URL('../../dist/transport/linux/linux-transport.js', import.meta.url).href;
const CLOCK = new URL('../../dist/domain/clock.js', import.meta.url).href;

/** A thread that listens on everything that it is handed over, and says so. */
const LISTENING_THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { createLinuxTransport } = await import(workerData.transport);
    const { systemClock } = await import(workerData.clock);
    const transport = await createLinuxTransport(systemClock, workerData.ledger);
    const handler = { onDatagram: () => 0, onHttpBytes: () => 0 };
    for (const address of workerData.listen) {
      if (address.protocol === 'udp') await transport.listenUdp(address, handler);
      else await transport.listenHttp(address, handler, workerData.limits, workerData.tls);
    }
    transport.wakeOn(workerData.event);
    parentPort.postMessage('listens');
    await transport.run(() => {}, 20);
  })();`;

describe.runIf(process.platform === 'linux')('the Linux transport', () => {
  let calls: NativeCalls;
  let before: string[];
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    calls = await openNativeCalls();
    before = openDescriptors();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await eventually('no descriptor is left', () => openDescriptors().join() === before.join(), {
      found: () => openDescriptors().join(', '),
    });
  });

  function handOver(protocol: ListenAddress['protocol'], host = '127.0.0.1'): ListenAddress {
    const { fd, bound } = openSocket(calls, { protocol, host, port: 0 }, []);
    cleanups.push(() => calls.close(fd));
    return { ...bound, descriptor: fd };
  }

  function openEvent(): number {
    const fd = calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    cleanups.push(() => calls.close(fd));
    return fd;
  }

  /** Calls that keep the descriptors which epoll watches in `watched`. */
  function noteWatched(watched: Set<number>): NativeCalls {
    return {
      ...calls,
      epoll_ctl: (epoll, operation, fd, event) => {
        if (operation === EPOLL_CTL_ADD) watched.add(fd);
        if (operation === EPOLL_CTL_DEL) watched.delete(fd);
        return calls.epoll_ctl(epoll, operation, fd, event);
      },
    };
  }

  interface Started {
    readonly named: Named;
    readonly listener: TransportListener;
    readonly counters: TransportCounters;
    stop(): Promise<void>;
  }

  async function start(name: string, address: ListenAddress, over = calls): Promise<Started> {
    const transport = linuxTransportOver(over, systemClock);
    cleanups.push(() => transport.stop());
    const named = new Named(name);
    const listener =
      address.protocol === 'udp'
        ? await transport.listenUdp(address, named)
        : await transport.listenHttp(address, named, GENEROUS, address.protocol === 'https' ? TLS : undefined);
    const running = transport.run(() => {}, 20);
    const stop = async (): Promise<void> => {
      transport.stop();
      await running;
    };
    cleanups.push(stop);
    return { named, listener, counters: transport.counters, stop };
  }

  /** @returns the answer, once somebody gives one */
  async function ask({ protocol, port }: ListenAddress, text: string, host = '127.0.0.1'): Promise<string> {
    if (protocol === 'udp') {
      const socket = createSocket('udp4');
      const answered = once(socket, 'message');
      socket.send(text, port, host);
      const [message, from] = await answered;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
      expect(from.address).toBe(host);
      return String(message);
    }
    const socket = protocol === 'http' ? connect(port, host) : connectTls({ host, port, rejectUnauthorized: false });
    const [line] = await new Client(socket).send(`${text}\n`).lines(1);
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    return line!;
  }

  describe.each(['udp', 'http', 'https'] as const)('leaves a %s socket open that it was handed over', (protocol) => {
    it('when its listener closes, so that the next answers what waits', async () => {
      const address = handOver(protocol);
      const watched = new Set<number>();
      const first = await start('first', address, noteWatched(watched));
      expect(watched.has(address.descriptor!)).toBe(protocol !== 'https');
      expect(first.listener.address).toEqual({ protocol, host: '127.0.0.1', port: address.port });
      expect(await ask(address, 'a')).toBe('first a');
      first.listener.close();
      first.listener.close();
      expect(watched.has(address.descriptor!)).toBe(false);
      const waiting = [ask(address, 'b'), ask(address, 'c')];
      const second = await start('second', address);
      expect(await Promise.all(waiting)).toEqual(['second b', 'second c']);
      await second.stop();
      const last = ask(address, 'd');
      await start('third', address);
      expect(await last).toBe('third d');
      expect(first.named.answered).toBe(1);
    });

    it('on a wildcard address', async () => {
      const address = handOver(protocol, '::');
      await start('it', address);
      expect(await ask(address, 'a', '127.0.0.1')).toBe('it a');
      expect(await ask(address, 'b', '127.0.0.9')).toBe('it b');
    });
  });

  it('takes over from a thread that died, once its other descriptors are closed', async () => {
    const listen = (['udp', 'http', 'https'] as const).map((protocol) => handOver(protocol));
    const ledger = createDescriptorLedger();
    const event = openEvent();
    const workerData = { transport: LINUX_TRANSPORT, clock: CLOCK, listen, ledger, event, limits: GENEROUS, tls: TLS };
    const worker = new Worker(LISTENING_THREAD, { eval: true, workerData });
    await once(worker, 'message');
    await worker.terminate();
    // The epoll instance; what was handed over and the copy that Node.js closes are not in the ledger.
    expect(closeNotedDescriptors(ledger)).toBe(1);
    for (const address of listen) {
      const answer = ask(address, 'a');
      await start('second', address);
      expect(await answer).toBe('second a');
    }
  });

  it('shares a listening socket with other loops, which serve each connection once', async () => {
    const address = handOver('http');
    const all = await Promise.all(['one', 'two', 'three'].map((name) => start(name, address)));
    const texts = Array.from({ length: 60 }, (_, i) => `n${i}`);
    const answers = await Promise.all(texts.map((text) => ask(address, text)));
    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(texts);
    expect(all.reduce((sum, { named }) => sum + named.answered, 0)).toBe(60);
    expect(all.reduce((sum, { counters }) => sum + counters.connectionsAccepted, 0)).toBe(60);
  });

  it('waits for a listening socket so that the kernel wakes one loop alone', async () => {
    const address = handOver('http');
    const errors: string[] = [];
    const over: NativeCalls = {
      ...calls,
      epoll_ctl: (epoll, operation, fd, event) => {
        const result = calls.epoll_ctl(epoll, operation, fd, event);
        // The kernel refuses every change of an exclusive registration, and only of those.
        if (fd === address.descriptor && calls.epoll_ctl(epoll, EPOLL_CTL_MOD, fd, event) < 0) {
          errors.push(errnoName(calls.errno()));
        }
        return result;
      },
    };
    await start('it', address, over);
    expect(errors).toEqual(['EINVAL']);
  });

  it('pauses on a shared socket without file descriptors, and serves who waited', async () => {
    const address = handOver('http');
    let failures = 3;
    const failing: NativeCalls = {
      ...calls,
      accept4: (...args) => (failures-- > 0 ? -1 : calls.accept4(...args)),
      errno: () => (failures >= 0 ? EMFILE : calls.errno()),
    };
    await start('it', address, failing);
    expect(await ask(address, 'a')).toBe('it a');
    expect(failures).toBeLessThan(0);
  });

  it('says that a descriptor is not a socket', async () => {
    const address: ListenAddress = { protocol: 'udp', host: '127.0.0.1', port: 1, descriptor: openEvent() };
    await expect(start('it', address)).rejects.toThrow('cannot listen on udp://127.0.0.1:1');
    await expect(start('it', { ...address, protocol: 'http' })).rejects.toThrow('ENOTSOCK');
  });

  it('wakes for an eventfd, reads it empty, and leaves it open', async () => {
    const event = openEvent();
    // Nothing else ends the wait.
    const patient: NativeCalls = {
      ...calls,
      epoll_wait: (epoll, at, count) => calls.epoll_wait(epoll, at, count, 60_000),
    };
    const read = (): number => {
      const memory = new NativeMemory(calls, EVENT_BYTES);
      return calls.read(event, memory.address + memory.reserve(EVENT_BYTES), EVENT_BYTES);
    };
    for (let i = 0; i < 3; i++) {
      const transport = linuxTransportOver(patient, systemClock);
      transport.wakeOn(event);
      transport.writeEvent(event);
      transport.writeEvent(event);
      let woken = 0;
      await transport.run(() => {
        woken++;
        transport.stop();
      }, 20);
      expect(woken).toBe(1);
      expect(read()).toBe(-1);
    }
    const broken = linuxTransportOver(calls, systemClock);
    cleanups.push(() => broken.stop());
    expect(() => broken.wakeOn(-1)).toThrow('epoll_ctl failed: EBADF');
    expect(() => broken.writeEvent(-1)).toThrow('EBADF');
  });
});

it('the portable transport takes neither descriptors nor eventfds', async () => {
  const transport = createPortableTransport();
  const address: ListenAddress = { protocol: 'udp', host: '127.0.0.1', port: 0, descriptor: 0 };
  await expect(transport.listenUdp(address, new Named('it'))).rejects.toThrow('needs the Linux transport');
  const listening = transport.listenHttp({ ...address, protocol: 'http' }, new Named('it'), GENEROUS);
  await expect(listening).rejects.toThrow('needs the Linux transport');
  expect(() => transport.wakeOn(0)).toThrow('eventfd');
  expect(() => transport.writeEvent(0)).toThrow('eventfd');
});
