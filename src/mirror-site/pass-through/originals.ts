/** Where originals are and how they are spoken to: their names and ports, their connections, their scheme. */
import { Agent, type Dispatcher } from 'undici';
import { forgetOldest } from '../../domain/forget-oldest.js';
import { guardedConnector, type ResolveName } from '../../net/guarded-connect.js';
import type { BlockedReason } from '../../net/outbound-rules.js';
import type { PassThroughLimits } from './limits.js';
import type { Authorities } from './scheme-bridge.js';

export interface OriginalsOptions {
  /** At resolvers that do not redirect. */
  readonly resolve: ResolveName;
  /** Keeps requests from this installation, the operator's networks and private addresses. */
  readonly blockedReason: BlockedReason;
  readonly limits: PassThroughLimits;
  /** Default: 443. */
  readonly httpsPort?: number | undefined;
  /** Of the authorities of originals' certificates, in PEM. Default: those of Node.js. */
  readonly authorities?: string | undefined;
}

/** An idle connection is closed earlier than most servers do, so that few requests meet one that is just ending. */
const KEEP_ALIVE_MS = 4_000;
const HTTPS_PORT = 443;

export class Originals {
  readonly dispatcher: Dispatcher;
  readonly #httpsPort: number;
  /** By host: those that answer over one scheme only. */
  readonly #schemes = new Map<string, 'http' | 'https'>();
  readonly #maxHosts: number;

  constructor({ resolve, blockedReason, limits, httpsPort = HTTPS_PORT, authorities }: OriginalsOptions) {
    this.#httpsPort = httpsPort;
    this.#maxHosts = limits.origins;
    this.dispatcher = new Agent({
      connect: guardedConnector(resolve, blockedReason, {
        timeout: limits.connectTimeoutMs,
        ...(authorities === undefined ? {} : { ca: authorities }),
      }),
      connections: limits.connectionsPerSite,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: limits.headerBytes,
      maxOrigins: limits.origins,
    });
  }

  /**
   * @param port of the reader's Host header
   * @param localPort where the reader is connected
   * @returns undefined for a port at which this server does not stand in: nobody may use it to reach others
   */
  authoritiesOf(
    { name, port }: { readonly name: string; readonly port: number | undefined },
    isSecure: boolean,
    localPort: number | undefined,
  ): Authorities | undefined {
    const standard = isSecure ? HTTPS_PORT : 80;
    if (port !== undefined && port !== standard && port !== localPort) return undefined;
    const own = port === undefined || port === standard ? name : `${name}:${port}`;
    const https = this.#httpsPort === HTTPS_PORT ? name : `${name}:${this.#httpsPort}`;
    return isSecure ? { http: name, https: own } : { http: own, https };
  }

  /** By which a request of a reader who came over http begins. */
  schemeOf({ http }: Authorities): 'http' | 'https' {
    return this.#schemes.get(http) ?? 'http';
  }

  noteScheme({ http }: Authorities, scheme: 'http' | 'https'): void {
    if (scheme === 'http') this.#schemes.delete(http);
    else {
      this.#schemes.set(http, scheme);
      forgetOldest(this.#schemes, this.#maxHosts);
    }
  }

  close(): Promise<void> {
    return this.dispatcher.destroy();
  }
}
