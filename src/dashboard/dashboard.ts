/** The dashboard: all pages, their forms and their updates, on top of the calls of the API. */
import type { AuditContext } from '../control-api/audited-call.js';
import type { Route } from '../control-api/route.js';
import { ApiReader } from './api-reader.js';
import { formRoutes } from './forms.js';
import { pageServer } from './page-server.js';
import { PAGES } from './pages/pages.js';

export interface DashboardNeeds extends AuditContext {
  /** Of all parts. */
  readonly routes: readonly Route[];
  /** The URL of the control API, for the set-up lines of the pages. */
  readonly url: () => string;
  /** Of a call that a page made and that failed. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

export function dashboardRoutes({ clock, onAction, onDefect, routes, url }: DashboardNeeds): Route[] {
  const api = new ApiReader(routes, { clock, onAction });
  return [...pageServer({ clock, api, url, pages: PAGES, onDefect }), ...formRoutes(api)];
}
