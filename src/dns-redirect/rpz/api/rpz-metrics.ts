/** Metrics of the RPZ server. */
import { family, labelled, single } from '../../../control-api/metric-families.js';
import type { MetricFamily, MetricSample } from '../../../control-api/metrics.js';
import { formatEndpoint } from '../../../net/endpoint.js';
import { nameToText } from '../../wire/domain-name.js';
import type { RunningRpz } from '../running-rpz.js';

type Zone = RunningRpz['zones'][number];

export function rpzMetrics(
  rpz: () => Pick<RunningRpz, 'zones' | 'counters' | 'notifyDelayMs'>,
  nowMs: () => number,
): MetricFamily[] {
  const ofZones = (value: (zone: Zone) => number) => (): MetricSample[] =>
    rpz().zones.map((each) => ({ labels: { zone: nameToText(each.zone) }, value: value(each) }));
  const ofSecondaries = (value: (zone: Zone, secondary: Zone['secondaries'][number]) => number) => (): MetricSample[] =>
    rpz().zones.flatMap((zone) =>
      zone.secondaries
        .filter((each) => each.isWanted)
        .map((each) => ({
          labels: { zone: nameToText(zone.zone), secondary: formatEndpoint(each.secondary.endpoint) },
          value: value(zone, each),
        })),
    );
  return [
    labelled(
      'rpz_events_total',
      'Requests to the RPZ server by result, and other events',
      'event',
      () => rpz().counters,
    ),
    family(
      'gauge',
      'rpz_zone_serial',
      'Serial of the zone',
      ofZones(({ serial }) => serial),
      ['zone'],
    ),
    family(
      'gauge',
      'rpz_zone_records',
      'Records of the zone',
      ofZones(({ records }) => records),
      ['zone'],
    ),
    single(
      'gauge',
      'rpz_notify_delay_seconds',
      'From the last change of health, configuration or records to its NOTIFY',
      () => rpz().notifyDelayMs / 1_000,
    ),
    family(
      'gauge',
      'rpz_secondary_serial',
      'Serial of the version that a resolver has; 0: none',
      ofSecondaries((_, { serial }) => serial ?? 0),
      ['zone', 'secondary'],
    ),
    family(
      'gauge',
      'rpz_secondary_lag_seconds',
      'How long a resolver has lacked the current version; 0: it has it',
      ofSecondaries((zone, { lacks }) => (lacks ? Math.max(0, nowMs() - zone.publishedMs) / 1_000 : 0)),
      ['zone', 'secondary'],
    ),
  ];
}
