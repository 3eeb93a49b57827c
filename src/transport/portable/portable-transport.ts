/**
 * The transport for every platform: node:dgram, node:net and node:tls, with a system call for each datagram. Both transports
 * pass test/contract/transport.contract.ts. One difference to the Linux transport: on a host with several addresses, an
 * answer from a wildcard UDP socket leaves from the address that the routing table chooses.
 */
import { performance } from 'node:perf_hooks';
import { OperatorError } from '../../domain/errors.js';
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
  type TransportCounters,
  type TransportLimits,
  type TransportListener,
} from '../transport.js';
import { Certificate } from './certificate.js';
import { connectDatagrams } from './datagram-connection.js';
import { listenDatagrams } from './datagram-socket.js';
import { type DuplicateDescriptor, listenHttpPortably } from './http-listener.js';

class PortableTransport implements Transport {
  readonly name = 'portable';
  readonly answersFromAskedAddress = false;
  readonly counters: TransportCounters;
  private readonly duplicate: DuplicateDescriptor;
  private readonly listeners: TransportListener[] = [];
  private betweenBatches: () => void = () => {};
  private batchOpen = false;
  private finish: () => void = () => {};

  constructor(counters: TransportCounters, duplicate: DuplicateDescriptor) {
    this.counters = counters;
    this.duplicate = duplicate;
  }

  /** A batch is the input of one turn of the event loop. */
  private readonly onBatch = (): void => {
    if (this.batchOpen) return;
    this.batchOpen = true;
    setImmediate(() => {
      this.batchOpen = false;
      this.counters.batches++;
      this.betweenBatches();
    });
  };

  async listenUdp(address: ListenAddress, handler: DatagramHandler): Promise<DatagramListener> {
    if (address.descriptor !== undefined) refuseDescriptor();
    const listener = await listenDatagrams(address, handler, this.counters, this.onBatch);
    this.listeners.push(listener);
    return listener;
  }

  connectUdp(host: string, port: number, handler: DatagramConnectionHandler): DatagramConnection {
    return connectDatagrams(host, port, handler);
  }

  async listenHttp(
    address: ListenAddress,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    tls?: TlsMaterial,
    proxies?: ProxyTrust,
  ): Promise<HttpListener> {
    if (address.protocol === 'https' && tls === undefined) {
      throw new OperatorError(`https on port ${address.port} needs a certificate and a key`);
    }
    const listener = await listenHttpPortably({
      address,
      handler,
      limits,
      certificate: address.protocol === 'https' && tls !== undefined ? await Certificate.open(tls) : null,
      proxies: proxies ?? null,
      counters: this.counters,
      onBatch: this.onBatch,
      nowMs: () => performance.now(),
      duplicate: this.duplicate,
    });
    this.listeners.push(listener);
    return listener;
  }

  async run(betweenBatches: () => void, tickMs: number): Promise<void> {
    this.betweenBatches = betweenBatches;
    const timer = setInterval(betweenBatches, tickMs);
    await new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    clearInterval(timer);
    this.betweenBatches = () => {};
  }

  /** Does nothing: Node.js has no interface for it. */
  preferHugePages(): void {}

  wakeOn(): void {
    throw new Error('the portable transport has no eventfd');
  }

  writeEvent(): void {
    throw new Error('the portable transport has no eventfd');
  }

  stop(): void {
    for (const listener of this.listeners.splice(0)) listener.close();
    this.finish();
  }
}

/**
 * @param counters of the transport that owns these listeners, if it is another
 * @param duplicate duplicates descriptors that are handed over, which Node.js cannot
 */
export function createPortableTransport(
  counters: TransportCounters = createTransportCounters(),
  duplicate: DuplicateDescriptor = refuseDescriptor,
): Transport {
  return new PortableTransport(counters, duplicate);
}

function refuseDescriptor(): never {
  throw new Error('a descriptor that is handed over needs the Linux transport');
}
