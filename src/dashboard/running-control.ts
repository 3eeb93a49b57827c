/** The control API on its own listener: the calls and metrics that all parts bring, and the operator's page. */
import { createControlApi } from '../control-api/control-api.js';
import { startControlServer } from '../control-api/control-server.js';
import type { Readiness } from '../control-api/health-routes.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Authenticator } from '../control-api/principal.js';
import { readControlTls } from '../control-api/read-control-tls.js';
import type { Route } from '../control-api/route.js';
import type { ControlConfig } from '../control-api/section.js';
import { formatListenUrl } from '../net/listen-url.js';
import type { PartContext, RunningPart } from '../part/part.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import type { OperatorAction } from '../store/sqlite/operator-log.js';
import type { PartState } from './api-routes.js';
import { dashboardRoutes } from './dashboard.js';
import { browserPages } from './frame/browser-pages.js';
import type { OverviewNeeds } from './measure-overview.js';

export interface ControlNeeds
  extends Pick<PartContext, 'clock' | 'log' | 'onListenerError' | 'isIpv6Only'>,
    OverviewNeeds {
  readonly authenticator: () => Authenticator;
  readonly readiness: Readiness;
  readonly database: SqliteDatabase;
  readonly partStates: () => readonly PartState[];
  /** Of all parts, in their order. */
  readonly routes: () => Promise<readonly Route[]>;
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Stores what an operator changed. It never throws. */
  readonly onAction: (action: OperatorAction) => void;
  /** Of a call that failed by no fault of the caller. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

/** @param port of an earlier start, in place of the configured one */
export async function startControl(
  config: ControlConfig,
  needs: ControlNeeds,
  port: number | undefined,
): Promise<RunningPart<ControlConfig>> {
  const { control } = config;
  if (control === undefined) throw new Error('the control API is started only where it is configured');
  const { clock, log, readiness, onAction, onDefect, onListenerError } = needs;
  const { listen, names } = control;
  const tls = readControlTls(control);
  let inForce = config;
  let url = '';
  const routes = await needs.routes();
  const app = createControlApi({
    pages: browserPages,
    clock,
    authenticator: needs.authenticator(),
    readiness,
    names,
    onWrongCredentials: ({ address, kind, probe }) =>
      log.warn(
        { address, probe },
        `control API: ${address} sent a ${kind} that is not valid${probe === undefined ? '' : ` in the name of ${probe}`}; the next ones have to wait`,
      ),
    openToLoopback: () => inForce.control?.token === undefined && isLoopback(listen.host),
    routes: [...routes, ...dashboardRoutes({ clock, onAction, onDefect, routes, url: () => url })],
    metrics: await needs.metrics(),
    onAction,
    onDefect,
  });
  const server = await startControlServer(app, {
    host: listen.host,
    port: port ?? listen.port,
    onListenerError,
    ipv6Only: needs.isIpv6Only(listen, 'tcp'),
    tls,
  });
  const bound = { host: listen.host, port: server.address.port };
  url = formatListenUrl({ protocol: tls ? 'https' : 'http', ...bound });
  return {
    listeners: [{ ...bound, url, about: 'dashboard, API, metrics' }],
    // Takes token and certificate; the listener stays, and without its section the API as it was.
    prepare: (next) => {
      const nextTls = next.control && readControlTls(next.control);
      return () => {
        inForce = next;
        if (nextTls) server.useTls(nextTls);
      };
    },
    stop: () => server.close(),
  };
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}
