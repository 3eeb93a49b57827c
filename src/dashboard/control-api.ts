/**
 * The control API as one express application: routes, what they are documented by, metrics and the operator's page.
 * It starts no listener (`control-server`) and knows the other parts only by the ports it is given.
 */
import express, { type Express } from 'express';
import type { Clock } from '../domain/clock.js';
import type { WrongCredentials } from './guess-guard.js';
import { healthRoutes } from './health-routes.js';
import { type MetricFamily, Metrics } from './metrics.js';
import { openApiDocument } from './openapi.js';
import type { OverviewPort } from './overview.js';
import { pageRoutes } from './page-routes.js';
import type { Authenticator } from './principal.js';
import { Problem } from './problem.js';
import { reportMetrics } from './report-metrics.js';
import { reportRoutes } from './report-routes.js';
import type { ReportsPort } from './reports-port.js';
import { type Route, route } from './route.js';
import { RouteServer } from './serve-route.js';
import type { Readiness } from './tracker-ports.js';
import { type TrackerRoutePorts, trackerRoutes } from './tracker-routes.js';

export interface ControlApiOptions extends TrackerRoutePorts {
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly reports: ReportsPort;
  readonly readiness: Readiness;
  /** See {@link RouteServer}: for a control API on loopback without `control.token`. */
  readonly openToLoopback?: (() => boolean) | undefined;
  /** See {@link RouteServer}. */
  readonly names?: readonly string[] | undefined;
  readonly onWrongCredentials?: ((wrong: WrongCredentials) => void) | undefined;
  /** The numbers of the page at `/`; without it the page shows the reports alone. */
  readonly overview?: OverviewPort | undefined;
  /** Of the other parts; those of the reports and of the process are there already. */
  readonly metrics?: readonly MetricFamily[];
  /** Gets what no caller may see: defects, to be logged with their cause. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

export function createControlApi(options: ControlApiOptions): Express {
  const server = new RouteServer(options);
  const routes = controlRoutes({ ...options, metrics: [...(options.metrics ?? []), wrongCredentialsMetric(server)] });
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  for (const path of new Set(routes.map((entry) => entry.path))) {
    const ofPath = routes.filter((entry) => entry.path === path);
    const expressPath = path.replace(/\{(\w+)\}/g, ':$1');
    for (const entry of ofPath) {
      app[entry.method](expressPath, (request, response) => server.serve(entry, request, response));
    }
    const allow = ofPath.map((entry) => entry.method.toUpperCase()).join(', ');
    app.all(expressPath, (request, response) => {
      server.sendProblem(
        new Problem('method-not-allowed', `this call has ${allow}`, { headers: { allow } }),
        request,
        response,
      );
    });
  }
  app.use((request, response) => {
    server.sendProblem(new Problem('not-found', 'see /api/v1/openapi.json for what there is'), request, response);
  });
  app.use((thrown: unknown, request: express.Request, response: express.Response, _next: express.NextFunction) => {
    server.sendProblem(thrown, request, response);
  });
  return app;
}

function wrongCredentialsMetric(server: RouteServer): MetricFamily {
  return {
    name: 'alias_tracker_control_wrong_credentials_total',
    help: 'Tokens and signatures at the control API that were not valid',
    type: 'counter',
    labelNames: ['kind'],
    read: () => Object.entries(server.wrongCredentials).map(([kind, value]) => ({ labels: { kind }, value })),
  };
}

/** Every call there is, in the order of the documentation. */
export function controlRoutes(options: ControlApiOptions): Route[] {
  const metrics = new Metrics([...reportMetrics(options.reports, options.clock), ...(options.metrics ?? [])]);
  const routes: Route[] = [
    // Reports come most often, and express looks from the top.
    ...reportRoutes(options.reports, options.clock),
    ...healthRoutes(options.readiness),
    ...trackerRoutes(options),
    ...pageRoutes(options),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Prometheus metrics',
      access: 'operator',
      answers: [{ status: 200, description: 'In the text format.' }],
      handle: async () => ({ text: await metrics.text() }),
    }),
    route({
      method: 'get',
      path: '/api/v1/openapi.json',
      summary: 'This document',
      access: 'anyone',
      answers: [{ status: 200, description: 'OpenAPI 3.1.' }],
      handle: () => ({ json: document }),
    }),
  ];
  const document = openApiDocument(routes);
  return routes;
}
