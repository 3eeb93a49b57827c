/** Types for the part of bittorrent-tracker that the lab, the tests and the benchmark use; the package has none. */
declare module 'bittorrent-tracker' {
  import type { RemoteInfo, Socket } from 'node:dgram';
  import type { EventEmitter } from 'node:events';
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface ServerOptions {
    readonly udp?: boolean;
    readonly http?: boolean;
    readonly ws?: boolean;
    readonly stats?: boolean;
    /** Milliseconds. */
    readonly interval?: number;
  }

  export class Server extends EventEmitter {
    constructor(options?: ServerOptions);
    udp4: Socket | null;
    /** @param hosts the address to listen on, by protocol */
    listen(port: number, hosts?: Readonly<Record<string, string>>): void;
    onUdpRequest(message: Buffer, remote: RemoteInfo): void;
    onHttpRequest(request: IncomingMessage, response: ServerResponse): void;
    close(done?: () => void): void;
    /** By info-hash in hex. */
    readonly torrents: Readonly<Record<string, { readonly complete: number; readonly incomplete: number }>>;
  }

  export interface ClientOptions {
    readonly infoHash: string | Uint8Array;
    readonly peerId: string | Uint8Array;
    readonly announce: readonly string[];
    readonly port: number;
  }

  export default class Client extends EventEmitter {
    constructor(options: ClientOptions);
    start(options?: object): void;
    update(options?: object): void;
    complete(options?: object): void;
    stop(options?: object): void;
    scrape(options?: object): void;
    destroy(done?: () => void): void;
  }
}
