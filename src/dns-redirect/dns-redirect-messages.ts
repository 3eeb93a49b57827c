/** Messages between the control plane and the thread of the DNS redirection. */
import type { Endpoint } from '../net/endpoint.js';
import type { FirstWord } from '../threads/start-thread.js';
import type { SharedHealth } from './health/health-watch.js';
import type { RedirectTarget } from './redirect-policy.js';
import type { LimitedPrefix } from './serve/client-rates.js';
import type { ServerSettings } from './server-settings.js';

/** Whether the parts of this program that are targets of redirections work. */
export type TargetHealth = Readonly<Record<RedirectTarget, boolean>>;

export interface DnsThreadStart {
  readonly listen: readonly Endpoint[];
  readonly settings: ServerSettings;
  readonly health: TargetHealth;
  /** The results of the health checks. */
  readonly checks: SharedHealth;
  /** False: the thread does not send its debug messages. */
  readonly debug: boolean;
  /** See `dnsCountersOver`. */
  readonly counters: SharedArrayBuffer;
  readonly vitals: SharedArrayBuffer;
  /** A ledger of the sockets that its transport opens; see `descriptor-ledger.ts`. */
  readonly descriptors: SharedArrayBuffer;
  /** The vitals of the thread that serves the mirror site; null if this program serves none. */
  readonly mirrorVitals: SharedArrayBuffer | null;
}

export type ToDnsThread =
  | { readonly type: 'settings'; readonly settings: ServerSettings; readonly checks: SharedHealth }
  | { readonly type: 'health'; readonly health: TargetHealth }
  | { readonly type: 'stop' };

export type FromDnsThread =
  | { readonly type: 'ready'; readonly addresses: readonly Endpoint[] }
  | Extract<FirstWord, { type: 'failed' }>
  | { readonly type: 'limited'; readonly prefixes: readonly LimitedPrefix[] }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn';
      readonly fields: object;
      readonly message: string;
    };
