/** The crawler as a part of the program: its section of the configuration, and how it is started. */
import type { Part, RunningPart } from '../part/part.js';
import type { CrawlerNeeds } from './running-crawler.js';
import { type CrawlerConfig, schema, sourceNamesDiffer } from './section.js';

export const crawlerPart: Part<'crawler', typeof schema, CrawlerConfig, CrawlerNeeds, RunningPart<CrawlerConfig>> = {
  key: 'crawler',
  name: 'crawler',
  label: 'crawler',
  schema,
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
  isOn: ({ crawler }) => crawler.sources.length > 0,
  start: async (config, needs) => (await import('./running-crawler.js')).startCrawling(config, needs),
  // The catalogue stays where it was filled by the command `crawl`.
  routes: async (_, { catalogue }) => {
    const { catalogueRoutes } = await import('./api/catalogue-routes.js');
    const { catalogueView } = await import('./api/catalogue-view.js');
    return catalogueRoutes(catalogueView(catalogue));
  },
};
