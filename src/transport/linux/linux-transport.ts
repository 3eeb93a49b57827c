/**
 * The transport for Linux: batched datagrams and an epoll HTTP server from TypeScript, through koffi. TLS listeners use
 * the portable transport in the same thread; they run because the event loop here also waits on Node's.
 */
import type { Clock } from '../../domain/clock.js';
import { listenError } from '../../net/listen-error.js';
import { createPortableTransport } from '../portable/portable-transport.js';
import {
  createTransportCounters,
  type DatagramConnection,
  type DatagramConnectionHandler,
  type DatagramHandler,
  type DatagramListener,
  type HttpListener,
  type HttpRequestHandler,
  type ListenAddress,
  type ProxyTrust,
  type TlsMaterial,
  type Transport,
  type TransportLimits,
  type TransportListener,
} from '../transport.js';
import { DatagramConnections } from './datagram-connections.js';
import { noteDescriptors } from './descriptor-ledger.js';
import { EventLoop } from './event-loop.js';
import { EventWriter } from './event-writer.js';
import { F_DUPFD_CLOEXEC, HUGE_PAGE_BYTES, MADV_HUGEPAGE } from './linux-abi.js';
import { type NativeCalls, openNativeCalls, systemCallDefect } from './native-calls.js';
import { type OpenSocket, openSocket, type SocketOption } from './open-socket.js';
import { checkLayouts } from './self-check.js';
import { httpSocketOptions, TcpListener } from './tcp-listener.js';
import { UdpListener } from './udp-listener.js';

class LinuxTransport implements Transport {
  readonly name = 'linux';
  readonly answersFromAskedAddress = true;
  readonly counters = createTransportCounters();
  private readonly calls: NativeCalls;
  private readonly loop: EventLoop;
  private readonly events: EventWriter;
  private readonly listeners: TransportListener[] = [];
  private connections: DatagramConnections | null = null;
  private portable: Transport | null = null;
  private running = false;
  private stopped = false;

  constructor(calls: NativeCalls, clock: Clock) {
    this.calls = calls;
    this.loop = new EventLoop(calls, clock);
    this.events = new EventWriter(calls);
  }

  async listenUdp(address: ListenAddress, handler: DatagramHandler): Promise<DatagramListener> {
    return this.open(address, [], (socket) => {
      return new UdpListener(this.calls, this.loop, this.counters, handler, socket);
    });
  }

  connectUdp(host: string, port: number, handler: DatagramConnectionHandler): DatagramConnection {
    if (this.stopped) throw new Error('the transport was stopped');
    this.connections ??= new DatagramConnections(this.calls, this.loop);
    return this.connections.connect(host, port, handler);
  }

  async listenHttp(
    address: ListenAddress,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    tls?: TlsMaterial,
    proxies?: ProxyTrust,
  ): Promise<HttpListener> {
    if (address.protocol === 'https') {
      this.portable ??= createPortableTransport(this.counters, (descriptor) => this.duplicate(descriptor));
      return this.portable.listenHttp(address, handler, limits, tls, proxies);
    }
    return this.open(address, httpSocketOptions(limits), (socket) => {
      return new TcpListener(this.calls, this.loop, this.counters, handler, limits, proxies ?? null, socket);
    });
  }

  private open<Listener extends TransportListener>(
    address: ListenAddress,
    options: readonly SocketOption[],
    listen: (socket: OpenSocket) => Listener,
  ): Listener {
    if (this.stopped) throw new Error('the transport was stopped');
    const socket = openSocket(this.calls, address, options);
    try {
      const listener = listen(socket);
      this.listeners.push(listener);
      return listener;
    } catch (error) {
      if (socket.owned) this.calls.close(socket.fd);
      throw listenError(address, { cause: error });
    }
  }

  private duplicate(descriptor: number): number {
    const fd = this.calls.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) throw systemCallDefect('fcntl', this.calls.errno());
    return fd;
  }

  wakeOn(eventDescriptor: number): void {
    this.loop.wakeOn(eventDescriptor);
  }

  writeEvent(eventDescriptor: number): void {
    this.events.write(eventDescriptor);
  }

  preferHugePages(memory: ArrayBufferLike): void {
    const address = this.calls.addressOf(memory);
    const start = Math.ceil(address / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
    const length = Math.floor((address + memory.byteLength - start) / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
    // A kernel without huge pages refuses; the memory stays as it is.
    if (length > 0) this.calls.madvise(start, length, MADV_HUGEPAGE);
  }

  async run(betweenBatches: () => void, tickMs: number): Promise<void> {
    if (this.stopped) return;
    this.running = true;
    try {
      await this.loop.run(() => !this.stopped, betweenBatches, tickMs);
    } finally {
      this.running = false;
      this.stopped = true;
      this.release();
    }
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    if (!this.running) this.release();
  }

  private release(): void {
    for (const listener of this.listeners.splice(0)) listener.close();
    this.portable?.stop();
    this.connections?.closeAll();
    this.loop.close();
  }
}

/**
 * @param clock for deadlines of connections
 * @param descriptors records the descriptors that it opens
 * @throws OperatorError if this machine or installation cannot run it; the message names the portable transport
 */
export async function createLinuxTransport(clock: Clock, descriptors?: SharedArrayBuffer): Promise<Transport> {
  const calls = await openNativeCalls();
  return linuxTransportOver(descriptors === undefined ? calls : noteDescriptors(calls, descriptors), clock);
}

/** @throws OperatorError if the system calls do not match the structures here */
export function linuxTransportOver(calls: NativeCalls, clock: Clock): Transport {
  checkLayouts(calls);
  return new LinuxTransport(calls, clock);
}
