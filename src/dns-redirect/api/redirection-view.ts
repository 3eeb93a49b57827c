/** What the control API shows of the redirection: its names now, its counters, and drills. */
import { family, labelled } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { Clock } from '../../domain/clock.js';
import { ClientError } from '../../domain/errors.js';
import { formatIp } from '../../domain/ip-address.js';
import type { CheckResult } from '../health/redirection-health.js';
import { REDIRECT_TARGETS } from '../redirect-policy.js';
import type { RunningRedirection } from '../running-redirection.js';
import type { RedirectionView } from './redirection-routes.js';

export function redirectionView(
  redirection: Pick<RunningRedirection, 'policy' | 'names' | 'isActive'>,
  clock: Clock,
): RedirectionView {
  const { names } = redirection;
  return {
    get mode() {
      return redirection.policy.mode;
    },
    redirections: async () =>
      [...redirection.policy.names].map(([name, entry]) => ({
        name,
        target: entry.target,
        active: redirection.isActive(entry),
        problem: entry.withheld ?? names.problemOf(name, entry) ?? null,
        addresses: entry.addresses.map(formatIp),
        health: names.addressesOf(entry).map(({ address, isUp, checks }) => ({
          address,
          up: isUp,
          checks: checks.map(checkDocument),
        })),
        ttlSeconds: redirection.policy.ttlSeconds,
      })),
    drills: () =>
      REDIRECT_TARGETS.flatMap((target) => {
        const untilMs = names.checks?.drillUntilMs(target);
        return untilMs === undefined ? [] : [{ target, untilMs }];
      }),
    drill: (target, seconds) => {
      if (names.checks === undefined) {
        throw new ClientError('unprocessable', 'dnsRedirect.healthChecks is false, so nothing would notice a drill');
      }
      names.checks.drill(target, clock.nowMs() + seconds * 1_000);
    },
  };
}

function checkDocument({ url, isUp, reason }: CheckResult) {
  return { url, up: isUp ?? null, reason: reason ?? null };
}

export function redirectionMetrics(
  redirection: () => Pick<RunningRedirection, 'counters' | 'policy' | 'isActive' | 'names'>,
): MetricFamily[] {
  const results = (): Record<string, number> =>
    Object.fromEntries(
      Object.entries(redirection().counters()).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      ),
    );
  const active = () =>
    [...redirection().policy.names].map(([name, entry]) => ({
      labels: { name },
      value: redirection().isActive(entry) ? 1 : 0,
    }));
  const up = () =>
    (redirection().names.checks?.results ?? []).map(({ target, url, isUp }) => ({
      labels: { target, url },
      value: isUp ? 1 : 0,
    }));
  return [
    labelled('dns_queries_total', 'DNS queries, by result', 'result', results),
    family('gauge', 'dns_name_active', '1: the name is redirected; 0: it is forwarded', active, ['name']),
    family('gauge', 'dns_target_up', '1: the address and port of a target answers', up, ['target', 'url']),
  ];
}
