/** The part of bittorrent-tracker's Server that the lab uses; the package has no types. */
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
    onUdpRequest(message: Buffer, remote: RemoteInfo): void;
    onHttpRequest(request: IncomingMessage, response: ServerResponse): void;
    close(done?: () => void): void;
    /** By info-hash in hex. */
    readonly torrents: Readonly<Record<string, { readonly complete: number; readonly incomplete: number }>>;
  }
}
