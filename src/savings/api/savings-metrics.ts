/** Bytes of the operator's own clients by household group, as counters, and announces by what they said of traffic. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import { ANNOUNCE_KINDS, TRAFFIC_CLASSES, type TrafficMeasure } from '../../selection/traffic-classes.js';
import type { RunningSavings } from '../running-savings.js';
import { sum } from '../traffic-window.js';

/** @param running as it runs now */
export function savingsMetrics(running: () => Pick<RunningSavings, 'traffic' | 'bySubdomain'>): MetricFamily[] {
  const byClass = (measure: TrafficMeasure) => () => {
    const { traffic } = running();
    return TRAFFIC_CLASSES.map((each) => ({
      labels: { class: each },
      value: sum(traffic.replicates(each, measure)),
    }));
  };
  const bySubdomain = (measure: 'downloaded' | 'foreignByShare') => () =>
    [...running().bySubdomain(measure)].map(([subdomain, value]) => ({ labels: { subdomain }, value }));
  return [
    family(
      'counter',
      'savings_downloaded_bytes_total',
      'Bytes that inner clients downloaded, by class of household',
      byClass('downloaded'),
      ['class'],
    ),
    family(
      'counter',
      'savings_uploaded_bytes_total',
      'Bytes that inner clients uploaded, by class of household',
      byClass('uploaded'),
      ['class'],
    ),
    family(
      'counter',
      'savings_foreign_bytes_total',
      'Bytes that inner clients downloaded from outside, by the share of foreign peers in their answers and by class of household',
      byClass('foreignByShare'),
      ['class'],
    ),
    family(
      'counter',
      'subdomain_downloaded_bytes_total',
      'Bytes that localised clients of a sub-domain downloaded',
      bySubdomain('downloaded'),
      ['subdomain'],
    ),
    family(
      'counter',
      'subdomain_foreign_bytes_total',
      'Bytes that localised clients of a sub-domain downloaded from outside, by the share of foreign peers in their answers',
      bySubdomain('foreignByShare'),
      ['subdomain'],
    ),
    family(
      'counter',
      'savings_announces_total',
      'Announces of inner clients by what they said of traffic',
      () => {
        const { announces } = running().traffic;
        return ANNOUNCE_KINDS.map((kind) => ({ labels: { kind }, value: announces[kind] }));
      },
      ['kind'],
    ),
  ];
}
