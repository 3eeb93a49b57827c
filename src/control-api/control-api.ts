/**
 * The control API as one express application: the routes that the parts bring, the process's own (health, metrics, the
 * OpenAPI document), and an answer for every other request. It starts no listener (`control-server`) and knows no part.
 */
import express, { type Express } from 'express';
import { healthRoutes, type Readiness } from './health-routes.js';
import { loginRoutes } from './login-routes.js';
import { type MetricFamily, Metrics } from './metrics.js';
import { openApiDocument } from './openapi.js';
import { Problem } from './problem.js';
import { type Route, route } from './route.js';
import { RouteServer, type ServeRouteOptions } from './serve-route.js';

export interface ControlApiOptions extends ServeRouteOptions {
  readonly readiness: Readiness;
  /**
   * Of the parts, in the order of the documentation. The most frequent come first, because express tries routes in
   * order.
   */
  readonly routes: readonly Route[];
  /** Of the parts. Metrics of the process and of callers are added to them. */
  readonly metrics: readonly MetricFamily[];
}

export function createControlApi(options: ControlApiOptions): Express {
  const server = new RouteServer(options);
  const routes = [...options.routes, ...processRoutes(options, server)];
  routes.push(documentRoute(routes));
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
    const detail = 'nothing is at this address; /api/v1/openapi.json lists all calls';
    server.sendToBrowser(new Problem('not-found', detail), request, response);
  });
  app.use((thrown: unknown, request: express.Request, response: express.Response, _next: express.NextFunction) => {
    // Express could not decode the path.
    const isPath = thrown instanceof URIError;
    server.sendProblem(isPath ? new Problem('bad-request', 'the path cannot be read') : thrown, request, response);
  });
  return app;
}

function wrongCredentialsMetric(server: RouteServer): MetricFamily {
  return {
    name: 'alias_tracker_control_wrong_credentials_total',
    help: 'Invalid tokens and signatures at the control API',
    type: 'counter',
    labelNames: ['kind'],
    read: () => Object.entries(server.wrongCredentials).map(([kind, value]) => ({ labels: { kind }, value })),
  };
}

function processRoutes({ readiness, metrics, clock, pages }: ControlApiOptions, server: RouteServer): Route[] {
  const registry = new Metrics([...metrics, wrongCredentialsMetric(server)]);
  const { sessions } = server;
  const checkToken = server.checkToken.bind(server);
  return [
    ...healthRoutes(readiness),
    ...(pages === undefined ? [] : loginRoutes({ sessions, clock, pages, checkToken })),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Prometheus metrics',
      access: 'viewer',
      answers: [{ status: 200, description: 'Prometheus text format.' }],
      handle: async () => ({ text: await registry.text() }),
    }),
  ];
}

/** @param routes all other routes */
function documentRoute(routes: readonly Route[]): Route {
  const self: Route = route({
    method: 'get',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    access: 'anyone',
    answers: [{ status: 200, description: 'OpenAPI 3.1.' }],
    handle: () => ({ json: document }),
  });
  const document = openApiDocument([...routes, self]);
  return self;
}
