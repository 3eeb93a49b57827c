/** The RPZ server as a part of the program. `dnsRedirect.rpz` configures it. */
import type { SharingPart } from '../../part/part.js';
import type { RedirectConfig } from '../section.js';
import type { RpzNeeds, RunningRpz } from './running-rpz.js';

export const rpzPart: SharingPart<RedirectConfig, RpzNeeds, RunningRpz> = {
  section: 'dnsRedirect',
  order: 'after',
  name: 'RPZ server',
  label: 'rpz',
  isOn: ({ dnsRedirect }) => dnsRedirect?.rpz !== undefined,
  // Loaded here, so that commands that only read the configuration start at once.
  start: async (config, needs, previous) =>
    (await import('./running-rpz.js')).RunningRpz.start(config, needs, previous),
  routes: async (running, { redirections, redirectionHealth, trackerListeners, clock }) => {
    const { rpzRoutes } = await import('./api/rpz-routes.js');
    const { activeRoutes } = await import('../api/active-routes.js');
    const { activeRedirections } = await import('../active-redirections.js');
    const active = () => {
      const section = redirections();
      return section && activeRedirections(section, redirectionHealth(), clock.nowMs(), trackerListeners());
    };
    return [...rpzRoutes(running), ...activeRoutes(active)];
  },
  metrics: async (running, { clock }) =>
    (await import('./api/rpz-metrics.js')).rpzMetrics(running, () => clock.nowMs()),
};
