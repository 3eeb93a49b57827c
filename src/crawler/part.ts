/** The crawler as a part of the program: its section of the configuration, and how it is started. */
import type { Part } from '../part/part.js';
import type { CrawlerNeeds, RunningCrawl } from './running-crawler.js';
import { type CrawlerConfig, logSockets, schema, sourceNamesDiffer } from './section.js';

export const crawlerPart: Part<'crawler', typeof schema, CrawlerConfig, CrawlerNeeds, RunningCrawl> = {
  key: 'crawler',
  name: 'crawler',
  label: 'crawler',
  schema,
  live: [],
  checks: [sourceNamesDiffer],
  sockets: logSockets,
  text: `crawler:
  top: 100                              # how many torrents the catalogue keeps
  # topMax: 1000                        # more while the tracker has capacity: see docs/crawler.md
  every: 30m
  maxDuration: 1h                       # a longer crawl ends early and keeps what it has found
  popularityHalfLife: 2h                # smooths popularity over time; 0ms: no smoothing
  retain: 7d                            # how long a torrent stays after it left the top
  retainMaxSize: 10GiB                  # of these torrents together; the first to leave is the first to be deleted
  delayPerSite: 1s                      # between two requests to one site
  timeout: 20s
  maxPageSize: 8MiB
  maxTorrentSize: 16MiB                 # at most 100MiB
  # userAgent: "alias-tracker (noc@example.net)"
  metadata: true                        # ask inner peers for the description if only the info-hash is known (BEP 9)
  keepOriginalTrackers: false           # true: torrents of the mirror name them after the alias tracker
  sources: []                           # docs/sources.md explains every kind; e.g.
    # - { name: lab, type: feed, url: "http://127.0.0.1:8181/feed.xml" }
    # - { name: site, type: html, url: "https://example.org/top", item: ".torrent-row", link: "a.download",
    #     title: "a.name", page: "a.details", seeds: ".s", leechers: ".l", downloads: ".d", size: ".size",
    #     categoryField: ".cat@title", published: "time@datetime", infoHash: "@data-hash", nextPage: "a.next", maxPages: 5 }
    # - { name: pages, type: html, url: "https://example.org/list/{page}", firstPage: 1, item: tr, page: "a.name",
    #     details: { link: "a.get", magnet: "a.magnet", seeds: ".s", maxPages: 100 } }
    # - { name: api, type: json, url: "https://example.org/api", items: data, link: file, query: { key: "\${SITE_KEY}" } }
    # - { name: table, type: csv, url: "https://example.org/all.csv", title: NAME, infoHash: HASH }
    # - { name: map, type: sitemap, url: "https://example.org/sitemap.xml", torrents: "*.torrent", torrentPages: "/t/*",
    #     sitemaps: "*torrents*" }
    # - { name: plain, type: list, file: torrents.txt }
    # - { name: ours, type: pinned, torrents: ["https://example.org/a.torrent"] }
    # - { name: proxy, type: access-log, file: /var/log/squid/access.log }
    # - { name: caches, type: access-log, listen: "udp://127.0.0.1:5514", from: [127.0.0.0/8], format: json,
    #     host: site.example, fields: { time: t, method: m, url: u, host: h, status: s, type: c } }
    # - { name: own, type: announces }
    # - { name: partner, type: push, token: "\${PARTNER_TOKEN}" }   # pushes through the control API
    # Each may have weight: 2, category: linux, block: ["cam rip"], keepOriginalTrackers: true; those with a url also
    #     headers: { Cookie: "\${SITE_COOKIE}" }, allowPrivate: true
`,
  isOn: ({ crawler }) => crawler.sources.length > 0,
  start: async (config, needs, previous) =>
    (await import('./running-crawler.js')).startCrawling(config, needs, previous?.listeners),
  // The catalogue stays where it was filled by the command `crawl`.
  routes: async (_, needs) => {
    const { catalogueRoutes } = await import('./api/catalogue-routes.js');
    const { catalogueView } = await import('./api/catalogue-view.js');
    const { pushRoutes } = await import('./api/push-routes.js');
    const view = catalogueView(needs);
    return [...catalogueRoutes(view), ...pushRoutes(view)];
  },
  metrics: async (running, { catalogue }) => {
    const { catalogueMetrics, crawlMetrics } = await import('./crawl-metrics.js');
    return [...crawlMetrics(() => running().last), ...catalogueMetrics(catalogue)];
  },
};
