/** A control API on a loopback port over a real store, with one probe for "north", as the tests of this folder use it. */
import { type ControlApiOptions, createControlApi } from '../../../src/control-api/control-api.js';
import { type ControlServerTls, startControlServer } from '../../../src/control-api/control-server.js';
import { TokenDirectory } from '../../../src/control-api/token-directory.js';
import { type CatalogueView, catalogueRoutes } from '../../../src/crawler/api/catalogue-routes.js';
import { type ApiRoutePorts, overviewRoutes } from '../../../src/dashboard/api-routes.js';
import { dashboardRoutes } from '../../../src/dashboard/dashboard.js';
import { browserPages } from '../../../src/dashboard/frame/browser-pages.js';
import type { OverviewPort } from '../../../src/dashboard/overview.js';
import { type RedirectionView, redirectionRoutes } from '../../../src/dns-redirect/api/redirection-routes.js';
import { reportMetrics } from '../../../src/reports/api/report-metrics.js';
import { reportRoutes } from '../../../src/reports/api/report-routes.js';
import { ReportsService } from '../../../src/reports/reports-service.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { ReportsStore } from '../../../src/store/sqlite/reports-store.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';
import { type TrackerView, trackerRoutes } from '../../../src/tracker/api/tracker-routes.js';
import { type PeerReceiver, pushRoutes } from '../../../src/upstream/api/push-routes.js';

export const CONTROL_TOKEN = 'control-token';
export const VIEWER_TOKEN = 'viewer-token';
export const NORTH_TOKEN = 'north-token';
export const NOW_MS = Date.parse('2026-11-22T10:05:00Z');

export interface ControlApiFixture {
  readonly url: string;
  readonly clock: { now: number; nowMs(): number };
  readonly service: ReportsService;
  readonly directory: TokenDirectory;
  readonly tokens: TokensStore;
  readonly defects: unknown[];
  /** Reported wrong credentials. */
  readonly wrong: unknown[];
  /** JSON in, status and JSON out. */
  call(
    method: string,
    path: string,
    options?: {
      token?: string;
      json?: unknown;
      body?: string | Uint8Array<ArrayBuffer>;
      headers?: Record<string, string>;
    },
  ): Promise<{ status: number; headers: Headers; json: Record<string, unknown>; text: string }>;
  stop(): Promise<void>;
}

const NOTHING_MEASURED: OverviewPort = {
  totals: () => ({ announces: 0, peersGiven: 0, peersGivenInner: 0, swarms: 0, peers: 0, seeds: 0, byNetwork: null }),
  savings: async () => undefined,
};

/** Undefined parts are switched off. */
interface FixturePorts extends ApiRoutePorts {
  readonly tracker?: TrackerView | undefined;
  readonly catalogue?: CatalogueView | undefined;
  readonly redirections?: RedirectionView | undefined;
  readonly upstream?: PeerReceiver | undefined;
  readonly serverTls?: ControlServerTls | undefined;
}

export async function startFixture(
  overrides: Partial<ControlApiOptions & FixturePorts> = {},
): Promise<ControlApiFixture> {
  const database = openDatabase(':memory:');
  const clock = {
    now: NOW_MS,
    nowMs() {
      return this.now;
    },
  };
  const tokens = new TokensStore(database);
  const directory = new TokenDirectory(
    {
      controlToken: CONTROL_TOKEN,
      viewerToken: VIEWER_TOKEN,
      probes: [
        { id: 'dp-north', subdomains: ['north'], token: NORTH_TOKEN },
        { id: 'dp-both', subdomains: ['north', 'south'], token: 'both-token' },
      ],
      upstreams: [{ name: 'original', token: 'upstream-token' }],
    },
    tokens,
  );
  const service = new ReportsService({
    store: new ReportsStore(database),
    clock,
    directory,
    isKnownSubdomain: (id) => id === 'north' || id === 'south',
    plan: { uplinkBpsMax: () => 1e9, isCache: (address) => address === '203.0.113.10', isInner: () => true },
  });
  service.start();
  const defects: unknown[] = [];
  const wrong: unknown[] = [];
  const readiness = { reasons: () => [] };
  const routes = [
    ...reportRoutes(service, clock),
    ...trackerRoutes(overrides.tracker),
    ...pushRoutes(overrides.upstream),
    ...catalogueRoutes(overrides.catalogue),
    ...redirectionRoutes(overrides.redirections),
    ...overviewRoutes({
      clock,
      readiness,
      overview: NOTHING_MEASURED,
      parts: () => [],
      tokens: () => tokens.list(),
      ...overrides,
    }),
  ];
  const app = createControlApi({
    clock,
    authenticator: directory,
    readiness,
    pages: browserPages,
    routes: [
      ...routes,
      ...dashboardRoutes({
        clock,
        routes,
        onDefect: (thrown) => defects.push(thrown),
        url: () => 'http://127.0.0.1:8090',
      }),
    ],
    onDefect: (thrown) => defects.push(thrown),
    onWrongCredentials: (each) => wrong.push(each),
    ...overrides,
    metrics: [...reportMetrics(service, clock), ...(overrides.metrics ?? [])],
  });
  const server = await startControlServer(app, { host: '127.0.0.1', port: 0, tls: overrides.serverTls });
  const url = `http://127.0.0.1:${server.address.port}`;
  return {
    url,
    clock,
    service,
    directory,
    tokens,
    defects,
    wrong,
    async call(method, path, options = {}) {
      const headers: Record<string, string> = { ...options.headers };
      if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
      let body: string | Uint8Array<ArrayBuffer> | null = options.body ?? null;
      if (options.json !== undefined) {
        headers['content-type'] = 'application/json';
        body = JSON.stringify(options.json);
      }
      const response = await fetch(url + path, { method, headers, body });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
      return { status: response.status, headers: response.headers, json, text };
    },
    async stop() {
      await server.close();
      service.stop();
      database.close();
    },
  };
}

export function northReport(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    probe: 'dp-north',
    sequence: 17,
    periodStart: '2026-11-22T10:00:00Z',
    periodSeconds: 300,
    subdomains: [{ id: 'north', bytes: 123_456_789, users: 4210 }],
    ...changes,
  };
}
