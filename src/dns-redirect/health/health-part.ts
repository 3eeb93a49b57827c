/** The health checks of the redirected names as a part of the program. `dnsRedirect` configures them. */
import type { SharingPart } from '../../part/part.js';
import type { RedirectConfig } from '../section.js';
import type { HealthNeeds, RunningHealth } from './running-health.js';

export const redirectionHealthPart: SharingPart<RedirectConfig, HealthNeeds, RunningHealth> = {
  section: 'dnsRedirect',
  order: 'before',
  name: 'health checks of redirected names',
  label: 'dns-health',
  threadName: 'dns-health',
  isOn: ({ dnsRedirect }) => dnsRedirect !== undefined,
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs) => (await import('./running-health.js')).RunningHealth.start(config, needs),
  routes: async (running) => {
    const { redirectionRoutes } = await import('../api/redirection-routes.js');
    const { redirectionView } = await import('../api/redirection-view.js');
    const health = running();
    return redirectionRoutes(health && redirectionView(health));
  },
  metrics: async (running) => (await import('../api/redirection-metrics.js')).healthMetrics(running),
};
