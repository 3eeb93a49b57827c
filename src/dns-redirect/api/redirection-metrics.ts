/** The metrics of the server that redirects, and those of the health of the redirected names. */
import { family, labelled, labelValue, single } from '../../control-api/metric-families.js';
import type { MetricFamily, MetricSample } from '../../control-api/metrics.js';
import type { RunningHealth } from '../health/running-health.js';
import { MAX_NAME_METRICS, MAX_SHOWN_LIMITED_PREFIXES } from '../limits.js';
import type { RunningRedirection } from '../running-redirection.js';

type Redirection = Pick<RunningRedirection, 'counters' | 'nameCounts' | 'limitedPrefixes'>;

export function redirectionMetrics(redirection: () => Redirection): MetricFamily[] {
  const events = (): Record<string, number> => {
    // The sum of all queries has a name of its own, so that nothing is counted twice in a sum over the label.
    const { queries: _queries, byType: _byType, ...rest } = redirection().counters();
    return rest;
  };
  return [
    single('counter', 'dns_queries_total', 'DNS queries', () => redirection().counters().queries),
    labelled('dns_events_total', 'What happened to DNS queries; several may happen to one', 'event', events),
    family(
      'counter',
      'dns_name_queries_total',
      `DNS queries about a redirected name, by result; the ${MAX_NAME_METRICS} names with the most`,
      () => busiest(redirection().nameCounts()).flatMap(samplesOf),
      ['name', 'result'],
    ),
    family(
      'gauge',
      'dns_limited_prefix_queries',
      `DNS queries of clients over their rate; the ${MAX_SHOWN_LIMITED_PREFIXES} prefixes with the most`,
      () =>
        redirection()
          .limitedPrefixes()
          .map(({ prefix, proven, questions }) => ({ labels: { prefix, proven: String(proven) }, value: questions })),
      ['prefix', 'proven'],
    ),
  ];
}

type CountsOfName = ReturnType<RunningRedirection['nameCounts']>[number];

function busiest(names: readonly CountsOfName[]): CountsOfName[] {
  const sum = ({ redirected, wouldRedirect, withheld }: CountsOfName): number => redirected + wouldRedirect + withheld;
  return [...names].sort((a, b) => sum(b) - sum(a)).slice(0, MAX_NAME_METRICS);
}

function samplesOf({ name, redirected, wouldRedirect, withheld }: CountsOfName): MetricSample[] {
  return Object.entries({ redirected, wouldRedirect, withheld }).map(([result, value]) => ({
    labels: { name, result: labelValue(result) },
    value,
  }));
}

export function healthMetrics(health: () => Pick<RunningHealth, 'policy' | 'isActive' | 'thread'>): MetricFamily[] {
  const active = () =>
    [...health().policy.names].map(([name, entry]) => ({
      labels: { name },
      value: health().isActive(entry) ? 1 : 0,
    }));
  const up = () =>
    health().thread.results.map(({ target, url, isUp }) => ({ labels: { target, url }, value: isUp ? 1 : 0 }));
  return [
    family('gauge', 'dns_name_active', '1: the name is redirected; 0: it is forwarded', active, ['name']),
    family('gauge', 'dns_target_up', '1: the address and port of a target answers', up, ['target', 'url']),
  ];
}
