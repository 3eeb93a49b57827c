/** The section `crawler` of the configuration: what is popular, from where, and how politely it is asked. */
import { z } from 'zod';
import type { ConfiguredSocket, DeepReadonly, Report } from '../config-kit/config-part.js';
import { duration, flag, section, size, text, wholeNumber } from '../config-kit/field-schemas.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import { sourceSection } from './source-section.js';

export const schema = section({
  top: wholeNumber(1, 100_000).prefault(100),
  topMax: wholeNumber(1, 100_000).optional(),
  every: duration('1s', '30d', '30m'),
  maxDuration: duration('1s', '7d', '1h'),
  popularityHalfLife: duration('0ms', '30d', '2h'),
  retain: duration('1s', '3650d', '7d'),
  retainMaxSize: size('0B', '1024GiB', '10GiB'),
  delayPerSite: duration('0ms', '1h', '1s'),
  timeout: duration('100ms', '10m', '20s'),
  maxPageSize: size('1KiB', '256MiB', '8MiB'),
  maxTorrentSize: size('1KiB', '100MiB', '16MiB'),
  userAgent: text.optional(),
  metadata: flag.prefault(true),
  keepOriginalTrackers: flag.prefault(false),
  sources: z.array(sourceSection).prefault([]),
}).prefault({});

export interface CrawlerConfig {
  readonly crawler: DeepReadonly<z.output<typeof schema>>;
}

/** Where lines of access logs are received. */
export function logSockets({ crawler }: CrawlerConfig): ConfiguredSocket[] {
  return crawler.sources.flatMap((source, i) =>
    source.type === 'access-log' && source.listen !== undefined
      ? [{ ...source.listen, protocol: 'udp' as const, path: ['crawler', 'sources', i, 'listen'] }]
      : [],
  );
}

export function sourceNamesDiffer({ crawler }: CrawlerConfig, report: Report): void {
  namesAreUnique(
    ['crawler', 'sources'],
    'name',
    crawler.sources.map(({ name }) => name),
    report,
  );
}
