/** The crawler's section of the configuration: what is popular, from where, and how politely it is asked. */
import { z } from 'zod';
import { configPart, type Report } from '../config-kit/config-part.js';
import { duration, flag, section, size, text, wholeNumber } from '../config-kit/field-schemas.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import { sourceSection } from './source-section.js';

export const crawlerSection = section({
  top: wholeNumber(1, 100_000).prefault(100),
  every: duration('1s', '30d', '30m'),
  retain: duration('1s', '3650d', '7d'),
  delayPerSite: duration('0ms', '1h', '1s'),
  timeout: duration('100ms', '10m', '20s'),
  maxPageSize: size('1KiB', '256MiB', '8MiB'),
  maxTorrentSize: size('1KiB', '100MiB', '16MiB'),
  userAgent: text.optional(),
  metadata: flag.prefault(true),
  keepOriginalTrackers: flag.prefault(false),
  sources: z.array(sourceSection).prefault([]),
});

interface CrawlerConfig {
  readonly crawler: { readonly sources: readonly { readonly name: string }[] };
}

function sourceNamesDiffer({ crawler }: CrawlerConfig, report: Report): void {
  namesAreUnique(
    ['crawler', 'sources'],
    'name',
    crawler.sources.map(({ name }) => name),
    report,
  );
}

export const crawlerPart = configPart({
  key: 'crawler',
  schema: crawlerSection.prefault({}),
  live: [],
  checks: [sourceNamesDiffer],
  text: `crawler:
  top: 100                              # how many torrents the catalogue keeps
  every: 30m
  retain: 7d                            # how long one stays after it left the top
  delayPerSite: 1s                      # between two requests to one site
  timeout: 20s
  maxPageSize: 8MiB
  maxTorrentSize: 16MiB                 # at most 100MiB
  # userAgent: "alias-tracker (noc@example.net)"
  metadata: true                        # ask inner peers for the description where only the info-hash is known (BEP 9)
  keepOriginalTrackers: false           # true: the mirror's torrents name them after the alias tracker
  sources: []                           # e.g.
    # - { name: lab, type: feed, url: "http://127.0.0.1:8181/feed.xml" }
    # - { name: site, type: html, url: "https://example.org/top", item: ".torrent-row", link: "a.download",
    #     title: "a.name", page: "a.details", seeds: ".s", leechers: ".l" }
    # - { name: proxy, type: access-log, file: /var/log/squid/access.log }
    # - { name: own, type: announces }
    # Each may have weight: 2, category: linux, block: ["cam rip"], keepOriginalTrackers: true; those with a url also
    #     headers: { Cookie: "\${SITE_COOKIE}" }, allowPrivate: true
`,
});
