/** The names of the metrics, because dashboards and alerts depend on them. */
import { describe, expect, test } from 'vitest';
import type { MetricFamily } from '../../../src/control-api/metrics.js';
import { healthMetrics, redirectionMetrics } from '../../../src/dns-redirect/api/redirection-metrics.js';
import { createDnsCounterMemory, dnsCountersOver } from '../../../src/dns-redirect/counters.js';
import { rpzMetrics } from '../../../src/dns-redirect/rpz/api/rpz-metrics.js';

const never = (): never => {
  throw new Error('not read');
};
const shapesOf = (families: readonly MetricFamily[]): string[] =>
  families.map(({ type, name, labelNames }) => `${type} ${name}{${labelNames.join()}}`);

describe('the metrics', () => {
  test('of the DNS server', () => {
    expect(shapesOf(redirectionMetrics(never))).toEqual([
      'counter alias_tracker_dns_queries_total{}',
      'counter alias_tracker_dns_events_total{event}',
      'counter alias_tracker_dns_name_queries_total{name,result}',
      'gauge alias_tracker_dns_limited_prefix_queries{prefix,proven}',
    ]);
  });

  test('of the health checks', () => {
    expect(shapesOf(healthMetrics(never))).toEqual([
      'gauge alias_tracker_dns_name_active{name}',
      'gauge alias_tracker_dns_target_up{target,url}',
    ]);
  });

  test('of the RPZ server', () => {
    expect(shapesOf(rpzMetrics(never, never))).toEqual([
      'counter alias_tracker_rpz_events_total{event}',
      'gauge alias_tracker_rpz_zone_serial{zone}',
      'gauge alias_tracker_rpz_zone_records{zone}',
      'gauge alias_tracker_rpz_notify_delay_seconds{}',
      'gauge alias_tracker_rpz_secondary_serial{zone,secondary}',
      'gauge alias_tracker_rpz_secondary_lag_seconds{zone,secondary}',
    ]);
  });
});

test('the results of DNS queries, and of a name', () => {
  const counts = { redirected: 1, wouldRedirect: 2, withheld: 3 };
  const [queries, events, ofName, limited] = redirectionMetrics(() => ({
    counters: () => dnsCountersOver(createDnsCounterMemory()),
    nameCounts: () => [{ name: 'site.example', ...counts }],
    limitedPrefixes: () => [{ prefix: '203.0.113.1/32', proven: true, questions: 4 }],
  }));
  expect([...queries!.read()]).toEqual([{ labels: {}, value: 0 }]);
  expect([...events!.read()].map(({ labels }) => labels.event).sort()).toEqual([
    ...['cached', 'coalesced', 'connections_crowded', 'failed', 'forwarded', 'local', 'malformed', 'nodata'],
    ...['not_allowed', 'other_clients', 'outside_schedule', 'over_tcp', 'overloaded', 'rate_limited'],
    ...['redirected', 'refused', 'shadowed', 'stale', 'withdrawn'],
  ]);
  expect([...ofName!.read()]).toEqual(
    [
      ['redirected', 1],
      ['would_redirect', 2],
      ['withheld', 3],
    ].map(([result, value]) => ({ labels: { name: 'site.example', result }, value })),
  );
  expect([...limited!.read()]).toEqual([{ labels: { prefix: '203.0.113.1/32', proven: 'true' }, value: 4 }]);
});
