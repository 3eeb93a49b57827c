/** The metrics of the caches. */
import { family } from '../../control-api/metric-families.js';
import type { MetricFamily } from '../../control-api/metrics.js';
import type { RunningCache, RunningCaches } from '../running-caches.js';
import { type CacheStatus, statusOf } from './cache-routes.js';

const STATES = ['filling', 'serving', 'failed', 'other'] as const;

export function cacheMetrics(running: () => Pick<RunningCaches, 'caches' | 'controller'>): MetricFamily[] {
  const gauge = (name: string, help: string, read: (status: CacheStatus) => number | null): MetricFamily =>
    family(
      'gauge',
      name,
      help,
      () =>
        running().caches.flatMap((cache) => {
          const value = read(statusOf(cache));
          return value === null ? [] : [{ labels: { cache: cache.settings.name }, value }];
        }),
      ['cache'],
    );
  const traffic = (name: string, help: string, read: (cache: RunningCache) => number): MetricFamily =>
    family(
      'counter',
      name,
      help,
      () => running().caches.map((cache) => ({ labels: { cache: cache.settings.name }, value: read(cache) })),
      ['cache'],
    );
  return [
    gauge('cache_up', 'Whether the client of the cache answers', ({ health }) => (health === 'up' ? 1 : 0)),
    gauge('cache_held_bytes', 'Bytes on disk of torrents that were added here', ({ heldBytes }) => heldBytes),
    gauge('cache_quota_bytes', 'The quota of the cache', ({ quotaBytes }) => quotaBytes),
    gauge('cache_free_bytes', 'Free bytes on the disk of the cache', ({ freeBytes }) => freeBytes),
    gauge('cache_window_open', 'Whether the cache may fetch now', ({ window }) => (window.open ? 1 : 0)),
    family(
      'gauge',
      'cache_torrents',
      'Torrents of the cache by state',
      () =>
        running().caches.flatMap((cache) => {
          const { torrents } = statusOf(cache);
          return STATES.map((state) => ({ labels: { cache: cache.settings.name, state }, value: torrents[state] }));
        }),
      ['cache', 'state'],
    ),
    family(
      'counter',
      'cache_filled_bytes_total',
      'Fetched by order of the controller since the start',
      () =>
        running().caches.flatMap(({ settings: { name: cache } }) => {
          const { outside, inside } = running().controller.book.progress.filledBytes;
          return [
            { labels: { cache, from: 'border' }, value: outside.get(cache) ?? 0 },
            { labels: { cache, from: 'cache' }, value: inside.get(cache) ?? 0 },
          ];
        }),
      ['cache', 'from'],
    ),
    traffic(
      'cache_evictions_total',
      'Torrents that the controller removed since the start',
      ({ settings }) => running().controller.evictions.get(settings.name) ?? 0,
    ),
    traffic('cache_uploaded_bytes_total', 'Served since the start', ({ reading }) => reading.traffic.uploadedBytes),
    traffic(
      'cache_downloaded_bytes_total',
      'Fetched since the start',
      ({ reading }) => reading.traffic.downloadedBytes,
    ),
  ];
}
