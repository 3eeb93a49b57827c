/**
 * How bytes come and go: the contract between the data plane and its transports (`linux/`, `portable/`). A transport owns
 * its sockets and buffers and calls a handler for every datagram or HTTP request; the handler writes its answer into the
 * buffer that it is given and returns the length. No handler is asynchronous, none keeps a buffer.
 */

/** Who sent it, filled again for every call. An IPv4-mapped IPv6 address is delivered as IPv4. */
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

/** Answers of a request handler that are not a length. */
export const HTTP_INCOMPLETE = 0;

export interface HttpRequestHandler {
  /**
   * Called with all unread bytes of a connection. Handles the first request in them, if it is whole.
   * @returns the length of the answer (status line, headers, body) at outputStart, or HTTP_INCOMPLETE where the head has
   *   not ended yet. `consumed` and `close` tell how many input bytes that request took and whether to close after it.
   */
  onHttpBytes(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number;
  /** Bytes of input that the last answered request took. */
  readonly consumed: number;
  /** True: close the connection once the last answer is sent. */
  readonly close: boolean;
}

export const MAX_DATAGRAM_BYTES = 2_048;
/** Room for an answer over HTTP: 200 peers as dictionaries with ids, and a full scrape of 100 hashes. */
export const MAX_HTTP_RESPONSE_BYTES = 65_536;
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
}

export interface BoundAddress {
  readonly protocol: 'udp' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export interface TransportLimits {
  readonly maxConnections: number;
  /** A connection that has not sent a whole request for this long is closed. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

export interface TransportListener {
  readonly address: BoundAddress;
  close(): void;
  /** Takes another certificate (https only). Connections that are open keep the old one. */
  useCertificate?(pair: CertificatePair): void;
}

/**
 * On a listener behind a load balancer: every connection starts with a PROXY protocol header, version 1 or 2, and the
 * address in it is the one that handlers see. A connection that is not from one of the proxies, or has no header, is
 * closed without an answer.
 */
export type ProxyTrust = (remote: RemoteAddress) => boolean;

export interface Transport {
  readonly name: 'linux' | 'portable';
  /** @throws OperatorError that names the address and the reason (in use, not permitted, not of this machine) */
  listenUdp(address: ListenAddress, handler: DatagramHandler): Promise<TransportListener>;
  /** `createHandler` makes one handler for each listener, not for each connection. */
  listenHttp(
    address: ListenAddress,
    handler: HttpRequestHandler,
    limits: TransportLimits,
    tls?: TlsMaterial,
    proxies?: ProxyTrust,
  ): Promise<TransportListener>;
  /**
   * Runs until `stop`. `betweenBatches` is called at least every `tickMs` and after each batch: that is where the
   * worker takes policy updates and does its housekeeping.
   */
  run(betweenBatches: () => void, tickMs: number): Promise<void>;
  stop(): void;
  /**
   * Asks for large pages behind memory that is read at random all the time, where the system has them: fewer misses of the
   * processor's page tables. A hint; costs nothing where it is not taken.
   */
  preferHugePages(memory: ArrayBufferLike): void;
  readonly counters: TransportCounters;
}

export interface TlsMaterial {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** What the files of a {@link TlsMaterial} hold, read and checked together. */
export interface CertificatePair {
  readonly material: TlsMaterial;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** Since the start; plain numbers that the worker copies into the shared counters. */
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
