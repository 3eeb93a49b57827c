/** The metrics of the exchange. Labels are states, never names of trackers, whose number strangers decide. */
import { family, histogram, labelled, single } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { BreakerState } from '../circuit-breaker.js';
import type { RunningExchange } from '../running-exchange.js';

export function exchangeMetrics(running: () => Pick<RunningExchange, 'exchange' | 'inNeed'>): MetricFamily[] {
  const sum = (pick: 'active' | 'waiting'): number =>
    running()
      .exchange.originals()
      .reduce((total, each) => total + each[pick], 0);
  return [
    single(
      'counter',
      'upstream_requests_total',
      'Requests of torrents for foreign peers',
      () => running().exchange.counters().requests,
    ),
    single(
      'counter',
      'upstream_imported_peers_total',
      'Peers taken from the answers of original trackers',
      () => running().exchange.counters().peers,
    ),
    labelled(
      'upstream_events_total',
      'What happened to requests and to the trackers of their torrents',
      'event',
      () => {
        const { requests: _requests, peers: _peers, ...events } = running().exchange.counters();
        return events;
      },
    ),
    family(
      'gauge',
      'upstream_originals',
      'Original trackers by the state of their circuit breaker',
      () => {
        const byState: Record<BreakerState, number> = { closed: 0, open: 0, 'half-open': 0 };
        for (const { state } of running().exchange.originals()) byState[state]++;
        return Object.entries(byState).map(([state, value]) => ({ labels: { state }, value }));
      },
      ['state'],
    ),
    single(
      'gauge',
      'upstream_torrents_in_need',
      'Torrents whose inner clients need foreign peers',
      () => running().inNeed.size,
    ),
    single('gauge', 'upstream_requests_active', 'Requests to original trackers in flight', () => sum('active')),
    single('gauge', 'upstream_requests_waiting', 'Requests that wait for a slot at their original tracker', () =>
      sum('waiting'),
    ),
    single(
      'gauge',
      'upstream_announced_endpoints',
      'Caches that original trackers list because of the exchange',
      () => running().exchange.announcedEndpoints,
    ),
    histogram(
      'upstream_peers_after_seconds',
      'From a need for foreign peers to the first in the swarm',
      1_000,
      () => running().inNeed.delays,
    ),
  ];
}
