/** What the control API shows of the redirected names: where they lead, whether they do now, and drills. */
import { formatIp } from '../../domain/ip-address.js';
import type { CheckResult } from '../health/health-watch.js';
import type { RunningHealth } from '../health/running-health.js';
import type { RedirectionView } from './redirection-routes.js';

export function redirectionView(health: RunningHealth): RedirectionView {
  return {
    get mode() {
      return health.policy.mode;
    },
    redirections: async () =>
      [...health.policy.names].map(([name, entry]) => ({
        name,
        target: entry.target,
        active: health.isActive(entry),
        problem: health.problemOf(name, entry) ?? null,
        addresses: entry.addresses.map(formatIp),
        health: entry.addresses.map((address, i) => ({
          address: formatIp(address),
          up: health.isHealthy(entry, i),
          checks: health.thread.checksOf(entry, i).map(checkDocument),
        })),
        ttlSeconds: health.policy.ttlSeconds,
      })),
    drills: () => health.drills(),
    drill: (target, seconds) => health.drill(target, seconds),
  };
}

function checkDocument({ url, isUp, reason }: CheckResult) {
  return { url, up: isUp ?? null, reason: reason ?? null };
}
