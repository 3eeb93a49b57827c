/** The counters of the data plane, as Prometheus families. */
import { family, histogram, labelled, single } from '../../control-api/metric-families.js';
import type { MetricFamily, MetricSample } from '../../control-api/metrics.js';
import type { CountersView } from '../counters.js';
import type { TrackerSection } from '../section.js';
import { storeFill } from '../store-fill.js';

/** Peers given, by requester and peer, in a sample of the answers. */
function sampledPeers(read: () => CountersView): MetricFamily {
  const samples = (): MetricSample[] =>
    Object.entries({ inner: read().sampledPeers.toInner, foreign: read().sampledPeers.toForeign }).flatMap(
      ([requester, { peers, inner }]) => [
        { labels: { requester, peer: 'inner' }, value: inner },
        { labels: { requester, peer: 'foreign' }, value: peers - inner },
      ],
    );
  return family('counter', 'peers_given_sampled_total', 'Peers handed out, by requester and peer (sampled)', samples, [
    'requester',
    'peer',
  ]);
}

export function trackerMetrics(
  tracker: {
    readonly isUp: boolean;
    readonly restarts: number;
    counters(): CountersView;
  },
  limits: TrackerSection['limits'],
): MetricFamily[] {
  const read = (): CountersView => tracker.counters();
  return [
    single('gauge', 'data_plane_up', '1 while the thread that answers peers runs', () => (tracker.isUp ? 1 : 0)),
    single('counter', 'data_plane_restarts_total', 'Restarts of the thread that answers peers', () => tracker.restarts),
    ...answerMetrics(read),
    ...storeMetrics(read, limits),
    ...transportMetrics(read),
  ];
}

function answerMetrics(read: () => CountersView): MetricFamily[] {
  return [
    labelled('announces_total', 'Announces answered, by protocol', 'protocol', () => ({ ...read().announces })),
    labelled('scrapes_total', 'Scrapes answered, by protocol', 'protocol', () => ({ ...read().scrapes })),
    labelled('refusals_total', 'Requests refused, by reason', 'reason', () => read().refusals),
    single('counter', 'connects_total', 'UDP connects answered', () => read().connects),
    single('counter', 'dropped_datagrams_total', 'Datagrams without an answer', () => read().droppedDatagrams),
    single('counter', 'peers_given_total', 'Peers handed out', () => read().peersGiven),
    sampledPeers(read),
    single('counter', 'completed_total', 'Downloads completed', () => read().completed),
    single('counter', 'early_repeats_total', 'Announces before the minimum interval', () => read().earlyRepeats),
    single(
      'counter',
      'withheld_announces_total',
      'Announces of peers that are never handed out',
      () => read().withheldAnnounces,
    ),
    single(
      'counter',
      'address_limit_hits_total',
      'Peers not stored because of their address’s limit',
      () => read().addressLimitHits,
    ),
    single(
      'counter',
      'store_full_hits_total',
      'Peers not stored because the store is full',
      () => read().storeFullHits,
    ),
    single(
      'counter',
      'store_full_for_foreign_hits_total',
      'Peers from outside not stored because only the reserved room is left',
      () => read().fullForForeignHits,
    ),
    single(
      'counter',
      'unnamed_behind_proxy_total',
      'Announces from tracker.trustedProxies that do not name their client',
      () => read().unnamedBehindProxy,
    ),
    single(
      'counter',
      'passed_requests_total',
      'Requests that one worker passed to another, and counts that it asked for',
      () => read().passedToWorkers,
    ),
  ];
}

function storeMetrics(read: () => CountersView, limits: TrackerSection['limits']): MetricFamily[] {
  return [
    single('gauge', 'peers_stored', 'Peers stored, from original trackers too', () => read().records),
    single('gauge', 'peers_stored_max', 'tracker.limits.maxPeers', () => limits.maxPeers),
    single('gauge', 'swarms_max', 'tracker.limits.maxTorrents', () => limits.maxTorrents),
    family(
      'gauge',
      'store_fill_ratio',
      'How full the store is for peers of the operator (inner) and for others (foreign); 1 is full',
      () => Object.entries(storeFill(read(), limits)).map(([requester, value]) => ({ labels: { requester }, value })),
      ['requester'],
    ),
    single('counter', 'expired_peers_total', 'Peers dropped after their silence', () => read().expiredPeers),
    single(
      'counter',
      'upstream_asked_total',
      'Swarms for which original trackers were asked',
      () => read().upstreamAsked,
    ),
    single('counter', 'data_plane_defects_total', 'Defects on the answer path', () => read().defects),
    single('gauge', 'peers', 'Peers known', () => read().peers),
    single('gauge', 'seeds', 'Of those, seeds', () => read().seeds),
    single('gauge', 'upstream_peers', 'Foreign peers from original trackers', () => read().upstreamPeers),
    single('gauge', 'swarms', 'Swarms known', () => read().swarms),
    single('gauge', 'swarm_bytes', 'Bytes that swarms take', () => read().arenaUsedBytes),
  ];
}

function transportMetrics(read: () => CountersView): MetricFamily[] {
  return [
    single('gauge', 'connections_open', 'HTTP connections', () => read().transport.connectionsOpen),
    labelled('transport_total', 'Datagrams, batches, errors and connections of the transport', 'what', () => {
      const { connectionsOpen, ...counters } = read().transport;
      return counters;
    }),
    histogram('answer_seconds', 'Time to make an answer (sampled)', 1e6, () => read().answerTimeUs),
    histogram('batch_size', 'Datagrams taken at once', 1, () => read().batchSize),
  ];
}
