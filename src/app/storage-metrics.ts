/** The disk of `storage.directory`, the age of the snapshot, and which version runs. */
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { family, single } from '../control-api/metric-families.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Clock } from '../domain/clock.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export function storageMetrics(directory: () => string, clock: Clock): MetricFamily[] {
  return [
    family(
      'gauge',
      'build_info',
      'Always 1; the labels say which version runs',
      () => [{ labels: { version, node: process.versions.node }, value: 1 }],
      ['version', 'node'],
    ),
    single('gauge', 'storage_free_bytes', 'Free bytes on the disk of storage.directory', () => {
      const { bavail, bsize } = statfsSync(directory());
      return bavail * bsize;
    }),
    single('gauge', 'storage_size_bytes', 'Size of the disk of storage.directory', () => {
      const { blocks, bsize } = statfsSync(directory());
      return blocks * bsize;
    }),
    family('gauge', 'snapshot_age_seconds', 'Seconds since the swarms were saved; missing until the first time', () => {
      // Each worker has a file of its own: the oldest says how much would be lost.
      const names = readdirSync(directory()).filter((name) => /^swarms(-\d+-of-\d+)?\.snapshot$/.test(name));
      const times = names.flatMap(
        (name) => statSync(join(directory(), name), { throwIfNoEntry: false })?.mtimeMs ?? [],
      );
      return times.length === 0 ? [] : [{ labels: {}, value: Math.max(0, clock.nowMs() - Math.min(...times)) / 1_000 }];
    }),
  ];
}
