/** What the overview shows, made of the answers of the API. Pure. */
import { nounFor } from '../../domain/counted.js';
import type { DensityDocument } from '../../reports/api/answer-schemas.js';
import type { ListedSwarm } from '../../tracker/api/answer-schemas.js';
import { compact, known, money, percent, UNKNOWN } from '../frame/show.js';
import type { OverviewAnswer } from '../overview.js';
import { signed } from './savings-view.js';

export interface Tile {
  readonly id: string;
  readonly value: string;
  readonly what: string;
  readonly window: string;
  /** The page with the same number in detail. */
  readonly path: string;
  /** The series whose line it shows. */
  readonly series?: string;
}

export function tilesOf(overview: OverviewAnswer): Tile[] {
  const { innerShare, announcesPerSecond, swarms, peers, seeds, savings, byNetwork } = overview;
  return [
    savingsTile(savings),
    {
      id: 'inner share',
      value: known(innerShare, percent),
      what: 'of the peers given to inner clients are inner',
      window: 'last minute',
      path: '/savings',
      series: 'innerShare',
    },
    {
      id: 'announces',
      value: known(announcesPerSecond, compact),
      what: 'announces a second',
      window: 'last minute',
      path: '/torrents?show=announced',
      series: 'announces',
    },
    {
      id: 'swarms',
      value: compact(swarms),
      what: `${nounFor(swarms, 'torrent')} with peers`,
      window: 'now',
      path: '/torrents?show=announced',
      series: 'swarms',
    },
    {
      id: 'peers',
      value: compact(peers),
      what: `${nounFor(peers, 'peer')}, ${compact(seeds)} ${nounFor(seeds, 'seed')}${insideInWords(byNetwork)}`,
      window: 'now',
      path: '/torrents?show=announced',
      series: 'peers',
    },
  ];
}

/** `; inside: 120 peers, 30 seeds`; counted up to a minute ago. */
function insideInWords(byNetwork: OverviewAnswer['byNetwork']): string {
  if (byNetwork === null) return '';
  const { seeds, leechers } = byNetwork.inner;
  const peers = seeds + leechers;
  return `; inside: ${compact(peers)} ${nounFor(peers, 'peer')}, ${compact(seeds)} ${nounFor(seeds, 'seed')}`;
}

/** A figure with its interval and its method, or that there is none yet. */
function savingsTile(savings: OverviewAnswer['savings']): Tile {
  const tile = { id: 'savings', window: 'last 30 days', path: '/savings?range=30d' };
  if (savings === null) return { ...tile, value: UNKNOWN, what: 'saved; not enough is measured for an estimate' };
  const { savedBytes, savedBytesRange, amount, currency, method } = savings;
  const between = `${signed(savedBytesRange.low)} to ${signed(savedBytesRange.high)}`;
  const by = method === 'control-group' ? 'control group' : 'simulation';
  return {
    ...tile,
    value: signed(savedBytes),
    what: `saved, ${money(amount, currency)}; 95 % interval: ${between}; baseline: ${by}`,
  };
}

/** Inner clients want them, and nobody inside has them whole. The largest demand first. */
export function withoutInnerSeed(swarms: readonly ListedSwarm[], rowsMax: number): ListedSwarm[] {
  return swarms
    .filter(({ inner }) => inner.seeds === 0 && inner.leechers > 0)
    .sort((a, b) => b.inner.leechers - a.inner.leechers)
    .slice(0, rowsMax);
}

/** From 0, idle, over 3, the median of the network, to 6. null: it counts as average, because nothing recent is known. */
export function heatLevels(subdomains: readonly DensityDocument[]): Map<string, number | null> {
  const rates = subdomains
    .flatMap(({ bytesPerUserPerSecond: rate }) => (rate === null ? [] : [rate]))
    .sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)] ?? 0;
  return new Map(
    subdomains.map(({ id, bytesPerUserPerSecond: rate, freshness }) => [
      id,
      rate === null || freshness === 0 ? null : levelOf(rate, median),
    ]),
  );
}

/** A step for each factor of 1.6 from the median, so that the scale fits quiet and busy hours. */
function levelOf(rate: number, median: number): number {
  if (median === 0 || rate === 0) return 0;
  return Math.min(6, Math.max(0, 3 + Math.round(Math.log(rate / median) / Math.log(1.6))));
}
