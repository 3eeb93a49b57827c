/** The counters of the mirror site, as Prometheus families. */
import { family, labelled, single } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { CertificateExpiry } from '../net/tls/certificates.js';
import type { OriginalsHealth } from './pass-through/originals-health.js';

export interface MirrorSiteMeasures {
  /** Answers since the start, by kind. */
  readonly requests: Readonly<Record<string, number>>;
  readonly connectionsOpen: number;
  /** Of addresses that had too many, since the start. */
  readonly connectionsRefused: number;
  /** Connections that were ended because their clients read too slowly, since the start. */
  readonly slowReadersEnded: number;
  readonly certificates: readonly CertificateExpiry[];
  readonly originals: Pick<OriginalsHealth, 'requests' | 'things' | 'bytes'>;
  /** Under way. */
  readonly requestsToOriginals: number;
  /** WebSockets to originals that are open. */
  readonly upgradedConnections: number;
}

export function mirrorSiteMetrics(measure: () => MirrorSiteMeasures): MetricFamily[] {
  return [
    labelled(
      'mirror_site_requests_total',
      'Requests answered, by kind of the answer',
      'kind',
      () => measure().requests,
    ),
    single('gauge', 'mirror_site_connections', 'Open connections', () => measure().connectionsOpen),
    single(
      'counter',
      'mirror_site_connections_refused_total',
      'Connections beyond mirrorSite.limits',
      () => measure().connectionsRefused,
    ),
    single(
      'counter',
      'mirror_site_slow_readers_ended_total',
      'Connections that were ended because the client read too slowly',
      () => measure().slowReadersEnded,
    ),
    family(
      'gauge',
      'mirror_site_certificate_expires_seconds',
      'When each certificate expires, in seconds since the Unix epoch',
      () => measure().certificates.map(({ file, validToMs }) => ({ labels: { file }, value: validToMs / 1_000 })),
      ['file'],
    ),
    ...originalsMetrics(measure),
  ];
}

/** What passes to original sites in whose place requests arrive. */
function originalsMetrics(measure: () => MirrorSiteMeasures): MetricFamily[] {
  return [
    family(
      'counter',
      'mirror_site_original_requests_total',
      'Requests in the place of an original site, by how they ended',
      () =>
        [...measure().originals.requests()].map(({ site, outcome, count }) => ({
          labels: { site, outcome },
          value: count,
        })),
      ['site', 'outcome'],
    ),
    family(
      'counter',
      'mirror_site_original_links_total',
      'Torrents and magnet links of original sites that were rewritten, and torrents that passed unchanged, by reason',
      () =>
        [...measure().originals.things()].map(({ site, thing, count }) => ({
          labels: { site, what: thing },
          value: count,
        })),
      ['site', 'what'],
    ),
    family(
      'counter',
      'mirror_site_original_bytes_total',
      'Bytes of answers that came from original sites',
      () => [...measure().originals.bytes()].map(({ site, bytes }) => ({ labels: { site }, value: bytes })),
      ['site'],
    ),
    single(
      'gauge',
      'mirror_site_original_requests',
      'Requests to original sites under way',
      () => measure().requestsToOriginals,
    ),
    single(
      'gauge',
      'mirror_site_original_websockets',
      'Open WebSockets to original sites',
      () => measure().upgradedConnections,
    ),
  ];
}
