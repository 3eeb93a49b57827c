/** The metrics of the last crawl, and the size of the catalogue. */
import { family, single } from '../control-api/metric-families.js';
import type { MetricFamily, MetricSample } from '../control-api/metrics.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { type CatalogueDecisions, DECISIONS } from '../store/sqlite/catalogue-decisions.js';
import type { LastCrawl } from './running-crawler.js';

const STATUSES = ['new', 'updated', 'kept', 'skipped', 'failed'] as const;

/** @param last undefined until the first crawl has ended */
export function crawlMetrics(last: () => LastCrawl | undefined): MetricFamily[] {
  const one = (value: (crawl: LastCrawl) => number) => (): MetricSample[] => {
    const crawl = last();
    return crawl === undefined ? [] : [{ labels: {}, value: value(crawl) }];
  };
  return [
    family(
      'gauge',
      'crawler_last_duration_seconds',
      'Duration of the last crawl',
      one(({ seconds }) => seconds),
    ),
    family(
      'gauge',
      'crawler_last_end_timestamp_seconds',
      'When the last crawl ended, in seconds since the Unix epoch',
      one(({ endedMs }) => endedMs / 1_000),
    ),
    family(
      'gauge',
      'crawler_last_torrents',
      'Torrents of the last crawl, by what became of them',
      () =>
        STATUSES.flatMap((status) =>
          one(({ result }) => countOf(result, status))().map((each) => ({ ...each, labels: { status } })),
        ),
      ['status'],
    ),
    family(
      'gauge',
      'crawler_source_failed',
      '1: the last crawl could not read the source',
      () =>
        (last()?.result.sources ?? []).map(({ name, error }) => ({
          labels: { source: name },
          value: error === undefined ? 0 : 1,
        })),
      ['source'],
    ),
  ];
}

function countOf({ entries }: LastCrawl['result'], status: string): number {
  return entries.filter((entry) => entry.status === status).length;
}

export function catalogueMetrics(
  catalogue: Pick<Catalogue, 'count' | 'publishedCount'> & Pick<CatalogueDecisions, 'decisions'>,
): MetricFamily[] {
  const decided = (): MetricSample[] => {
    const all = catalogue.decisions();
    return DECISIONS.map((each) => ({
      labels: { decision: each },
      value: all.filter(({ decision }) => decision === each).length,
    }));
  };
  return [
    single('gauge', 'catalogue_torrents', 'Torrents in the catalogue', () => catalogue.count()),
    single('gauge', 'catalogue_published_torrents', 'Torrents that the mirror site lists', () =>
      catalogue.publishedCount(),
    ),
    family('gauge', 'catalogue_decisions', 'Torrents that are pinned or denied by hand', decided, ['decision']),
  ];
}
