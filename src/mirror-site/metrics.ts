/** The counters of the mirror site, as Prometheus families. */
import { family, single } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { CertificateExpiry } from '../net/tls/certificates.js';

export interface MirrorSiteMeasures {
  readonly connectionsOpen: number;
  /** Of addresses that had too many, since the start. */
  readonly connectionsRefused: number;
  readonly certificates: readonly CertificateExpiry[];
}

export function mirrorSiteMetrics(measure: () => MirrorSiteMeasures): MetricFamily[] {
  return [
    single('gauge', 'mirror_site_connections', 'Open connections', () => measure().connectionsOpen),
    single(
      'counter',
      'mirror_site_connections_refused_total',
      'Connections beyond mirrorSite.limits.connectionsPerAddress',
      () => measure().connectionsRefused,
    ),
    family(
      'gauge',
      'mirror_site_certificate_expires_seconds',
      'When each certificate expires, in seconds since the Unix epoch',
      () => measure().certificates.map(({ file, validToMs }) => ({ labels: { file }, value: validToMs / 1_000 })),
      ['file'],
    ),
  ];
}
