/** What the tests use of bittorrent-tracker: an independent tracker and an independent client. */
declare module 'bittorrent-tracker' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:dgram';
  import type { Server as HttpServer } from 'node:http';

  export interface SwarmPeer {
    peerId: string;
    ip: string;
    port: number;
    complete: boolean;
  }
  export class Server extends EventEmitter {
    constructor(options?: {
      udp?: boolean;
      http?: boolean;
      ws?: boolean;
      stats?: boolean;
      interval?: number;
      trustProxy?: boolean;
      filter?: (infoHash: string, parameters: unknown, callback: (error: Error | null) => void) => void;
    });
    readonly http: HttpServer;
    readonly udp: Socket;
    readonly torrents: Record<string, { complete: number; incomplete: number; peers: { keys: string[] } }>;
    listen(port: number, hostname: string | { udp: string; http: string }, callback?: () => void): void;
    close(callback?: () => void): void;
  }
  export class Client extends EventEmitter {
    constructor(options: { infoHash: string; peerId: string | Uint8Array; announce: string[]; port: number });
    start(options?: { left?: number; uploaded?: number; downloaded?: number }): void;
    complete(options?: { left?: number }): void;
    stop(): void;
    destroy(callback?: () => void): void;
  }
  export default Client;
}
