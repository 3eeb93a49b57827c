/** The calls of the control API: each part brings its own. Their order is that of the documentation. */
import type { Route } from '../control-api/route.js';
import { type CatalogueView, catalogueRoutes } from '../crawler/api/catalogue-routes.js';
import { type PagePorts, pageRoutes } from '../dashboard/page-routes.js';
import { type RedirectionView, redirectionRoutes } from '../dns-redirect/api/redirection-routes.js';
import { reportRoutes } from '../reports/api/report-routes.js';
import { trackerRoutes } from '../tracker/api/tracker-routes.js';
import { type PeerReceiver, pushRoutes } from '../upstream/api/push-routes.js';

/** Undefined parts are switched off. Their calls answer 404 and say so. */
export interface ControlRoutePorts extends PagePorts {
  readonly catalogue?: CatalogueView | undefined;
  readonly redirections?: RedirectionView | undefined;
  readonly upstream?: PeerReceiver | undefined;
}

export function controlRoutes(ports: ControlRoutePorts): Route[] {
  return [
    // First, because most calls are reports.
    ...reportRoutes(ports.reports, ports.clock),
    ...trackerRoutes(ports.tracker),
    ...catalogueRoutes(ports.catalogue),
    ...redirectionRoutes(ports.redirections),
    ...pushRoutes(ports.upstream),
    ...pageRoutes(ports),
  ];
}
