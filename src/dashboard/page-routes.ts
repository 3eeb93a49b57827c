/**
 * The operator's page at `/`, and the part of it that is fetched repeatedly. Browsers ask for the token as a password.
 */
import { z } from 'zod';
import type { CacheStatus } from '../caches/api/cache-routes.js';
import type { Readiness } from '../control-api/health-routes.js';
import { type Route, route } from '../control-api/route.js';
import type { Clock } from '../domain/clock.js';
import type { ReportsService } from '../reports/reports-service.js';
import type { HoursInWords } from '../selection/hours-in-words.js';
import type { TrackerView } from '../tracker/api/tracker-routes.js';
import { OverviewMeter, type OverviewPort, overviewSchema } from './overview.js';
import { PAGE_CSP, type PageContent, renderFragment, renderPage } from './overview-page.js';
import { FRAGMENT_PATH } from './refresh-script.js';

export interface PagePorts {
  readonly clock: Clock;
  readonly reports: ReportsService;
  readonly readiness: Readiness;
  readonly overview: OverviewPort;
  readonly tracker?: TrackerView | undefined;
  readonly hours: () => HoursInWords;
  readonly caches: () => readonly CacheStatus[];
}

const overviewAnswer = overviewSchema.extend({ notReady: z.array(z.string()), alarms: z.array(z.string()) });

const SWARMS_SHOWN = 10;
const HTML = 'text/html; charset=utf-8';

export function pageRoutes(ports: PagePorts): Route[] {
  const meter = new OverviewMeter(ports.overview, ports.clock);
  const content = async (): Promise<PageContent> => {
    const nowMs = ports.clock.nowMs();
    return {
      overview: await meter.read(),
      probes: ports.reports.probes(nowMs),
      densities: ports.reports.densities(nowMs),
      capabilityNodes: ports.reports.capabilityReadings(nowMs).size,
      swarms: (await ports.tracker?.swarms({ limit: SWARMS_SHOWN, offset: 0 }))?.swarms ?? [],
      hours: ports.hours(),
      caches: ports.caches(),
      notReady: ports.readiness.reasons(),
      alarms: ports.readiness.alarms?.() ?? [],
      nowMs,
    };
  };
  return [
    route({
      method: 'get',
      path: '/',
      summary: 'The dashboard, for people',
      access: 'viewer',
      forBrowsers: true,
      answers: [{ status: 200, description: 'HTML.' }],
      handle: async () => ({
        text: { contentType: HTML, body: renderPage(await content()) },
        headers: { 'content-security-policy': PAGE_CSP },
      }),
    }),
    route({
      method: 'get',
      path: FRAGMENT_PATH,
      summary: 'The changing part of the dashboard',
      access: 'viewer',
      forBrowsers: true,
      answers: [{ status: 200, description: 'HTML.' }],
      handle: async () => ({
        text: { contentType: HTML, body: renderFragment(await content()).text },
        headers: { 'content-security-policy': PAGE_CSP },
      }),
    }),
    route({
      method: 'get',
      path: '/api/v1/overview',
      summary: 'The numbers of the dashboard',
      access: 'viewer',
      answers: [{ status: 200, description: 'Rates are over the last minute.', schema: overviewAnswer }],
      handle: async () => ({
        json: {
          ...(await meter.read()),
          notReady: ports.readiness.reasons(),
          alarms: ports.readiness.alarms?.() ?? [],
        },
      }),
    }),
  ];
}
