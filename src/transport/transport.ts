/**
 * The contract between the data plane and its transports (`linux/`, `portable/`). A transport owns its sockets and buffers
 * and calls a handler for every datagram or HTTP request. The handler writes its answer into the given buffer and returns
 * the length. Handlers are synchronous and must not keep a buffer.
 */
import type { IpAddress } from '../domain/ip-address.js';

/** The sender's address, overwritten for every call. An IPv4-mapped IPv6 address is delivered as IPv4. */
export class RemoteAddress {
  family: 4 | 6 = 4;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  port = 0;
}

export interface DatagramHandler {
  /**
   * @param input holds the datagram at [start, start + length)
   * @param output has room for MAX_DATAGRAM_BYTES at outputStart
   * @returns the length of the answer, 0 for none
   */
  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number;
}

/** The way back to the sender of one datagram, for an answer that comes later. */
export interface LateAnswer {
  /** Sends it, from the address that was asked. It is lost if the listener is closed or the send buffer is full. */
  send(answer: Uint8Array): void;
}

/** Return values of a request handler that are not a length. */
export const HTTP_INCOMPLETE = 0;
/** The request is whole, and its answer comes later through {@link HttpListener.answer}. `close` has no meaning with it. */
export const HTTP_LATER = -1;

export interface HttpRequestHandler {
  /**
   * Called with all unread bytes of a connection. Handles the first request in them, if it is whole.
   * @returns the length of the answer (status line, headers, body) at outputStart, HTTP_INCOMPLETE while the head is
   *   incomplete, or HTTP_LATER. `consumed` is the number of input bytes of that request; `close` asks to close the
   *   connection after it.
   */
  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number;
  /**
   * Follows HTTP_LATER at once; the input of that request is still in place. Without this call the request was not taken: it
   * comes again once the client has read the earlier answers, or the connection is closed. So a handler does nothing that
   * counts before it. Until the answer, the connection serves no further request and its input waits.
   * @param ticket names connection and request: an integer below 2^48
   */
  passOn?(ticket: number): void;
  /** Input bytes of the last request that was answered or will be answered later. */
  readonly consumed: number;
  /** True: close the connection once the last answer is sent. */
  readonly close: boolean;
}

export const MAX_DATAGRAM_BYTES = 2_048;
/** Room for an answer over HTTP: 200 peers as dictionaries with ids, and a full scrape of 100 hashes. */
export const MAX_HTTP_RESPONSE_BYTES = 65_536;
/** A connection that waits longer for an answer of {@link HTTP_LATER} is closed. */
export const LATER_TIMEOUT_MS = 5_000;
/** A request line and headers longer than this are refused. */
export const MAX_HTTP_HEAD_BYTES = 8_192;

export interface ListenAddress {
  readonly protocol: 'udp' | 'http' | 'https';
  /** A literal address. `::` takes both families, and IPv4 alone on a machine without IPv6; see `ipv6Only`. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Leaves IPv4 to another listener on the same port (IPV6_V6ONLY), whichever of the two is opened first. */
  readonly ipv6Only?: boolean;
  /**
   * A bound (TCP: listening) socket of this process to use instead of opening one. It stays open when the listener closes.
   * Only with the Linux transport.
   */
  readonly descriptor?: number;
}

export interface BoundAddress {
  readonly protocol: 'udp' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export interface TransportLimits {
  readonly maxConnections: number;
  /** A connection that has not sent a complete request within this time is closed. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

export interface TransportListener {
  readonly address: BoundAddress;
  close(): void;
  /** Replaces the certificate (https only). Open connections keep the old one. */
  useCertificate?(pair: CertificatePair): void;
}

export interface HttpListener extends TransportListener {
  /**
   * Sends the answer to a request that was passed on, and continues with the connection's waiting input, or closes it.
   * Nothing happens if the connection no longer exists or the request is answered. May be called inside `passOn`.
   * @param bytes holds the whole answer at [start, start + length), at most MAX_HTTP_RESPONSE_BYTES; it is copied
   */
  answer(ticket: number, bytes: Uint8Array, start: number, length: number, close: boolean): void;
}

export interface DatagramListener extends TransportListener {
  /**
   * The address of this machine to which the datagram was sent. Only inside `onDatagram`, for the datagram that it was called
   * with. @returns undefined if the system does not say: the portable transport on a wildcard address
   */
  localAddress(): IpAddress | undefined;
  /** Only inside `onDatagram`, for the datagram that it was called with. */
  answerLater(): LateAnswer;
}

/**
 * For a listener behind a load balancer: every connection starts with a PROXY protocol header, version 1 or 2, and
 * handlers see the address in it. A connection from another host, or without the header, is closed without an answer.
 */
export type ProxyTrust = (remote: RemoteAddress) => boolean;

/** Datagrams to and from one address, on a port of their own that the system chooses at random. */
export interface DatagramConnection {
  /** Sends a copy. */
  send(datagram: Uint8Array): void;
  close(): void;
}

export interface DatagramConnectionHandler {
  /** @param datagram is used again after the call */
  onDatagram(datagram: Uint8Array): void;
  /** The address cannot be reached: nobody listens, there is no route. The connection is closed already. */
  onError(error: Error): void;
}

export interface Transport {
  readonly name: 'linux' | 'portable';
  /** Of a UDP listener on all addresses. False: the routing table chooses the source of an answer. */
  readonly answersFromAskedAddress: boolean;
  /** @throws OperatorError that names the address and the reason (in use, not permitted, not of this machine) */
  listenUdp(address: ListenAddress, handler: DatagramHandler): Promise<DatagramListener>;
  /**
   * Never calls the handler before it returns. While it is open it does not keep the program running.
   * @param host a literal address
   */
  connectUdp(host: string, port: number, handler: DatagramConnectionHandler): DatagramConnection;
  /** `createHandler` makes one handler for each listener, not for each connection. */
  listenHttp(
    address: ListenAddress,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    tls?: TlsMaterial,
    proxies?: ProxyTrust,
  ): Promise<HttpListener>;
  /**
   * `run` also waits for this eventfd, reads it empty and continues with `betweenBatches`. The descriptor stays open.
   * @throws Error the portable transport
   */
  wakeOn(eventDescriptor: number): void;
  /**
   * Wakes the thread that waits for this eventfd.
   * @throws Error the portable transport
   */
  writeEvent(eventDescriptor: number): void;
  /**
   * Runs until `stop`. `betweenBatches` is called at least every `tickMs` and after each batch. The worker
   * takes policy updates and does its housekeeping there.
   */
  run(betweenBatches: () => void, tickMs: number): Promise<void>;
  stop(): void;
  /**
   * Asks the system for huge pages behind memory that is read at random, to reduce TLB misses. A hint: a system without
   * huge pages ignores it.
   */
  preferHugePages(memory: ArrayBufferLike): void;
  readonly counters: TransportCounters;
}

export interface TlsMaterial {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Content of the files of a {@link TlsMaterial}, read and checked together. */
export interface CertificatePair {
  readonly material: TlsMaterial;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** Totals since the start, which the worker copies into the shared counters. */
export interface TransportCounters {
  datagramsReceived: number;
  datagramsSent: number;
  sendErrors: number;
  receiveErrors: number;
  batches: number;
  connectionsAccepted: number;
  connectionsOpen: number;
  connectionsTimedOut: number;
}

export function createTransportCounters(): TransportCounters {
  return {
    datagramsReceived: 0,
    datagramsSent: 0,
    sendErrors: 0,
    receiveErrors: 0,
    batches: 0,
    connectionsAccepted: 0,
    connectionsOpen: 0,
    connectionsTimedOut: 0,
  };
}
