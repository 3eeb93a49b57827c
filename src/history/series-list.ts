/** Every series. A new one is an entry here; its metric is what a part already shows to Prometheus. */
import type { SeriesDefinition } from './series-definition.js';

const GIVEN = 'peers_given_sampled_total';

export const SERIES: readonly SeriesDefinition[] = [
  ...announceSeries(),
  ...swarmSeries(),
  ...serviceSeries(),
  ...processSeries(),
  ...subdomainSeries(),
];

function announceSeries(): SeriesDefinition[] {
  return [
    count('announces', 'announces', 'Announces answered, by protocol', 'announces_total', 'protocol'),
    count('scrapes', 'scrapes', 'Scrapes answered, by protocol', 'scrapes_total', 'protocol'),
    count('refusals', 'requests', 'Requests refused, by reason', 'refusals_total', 'reason'),
    {
      ...count('peersToInner', 'peers', 'Peers given to inner clients, by tier (sampled under load)', GIVEN, 'peer'),
      where: { requester: 'inner' },
    },
    {
      ...count(
        'peersToForeign',
        'peers',
        'Peers given to foreign clients, by tier (sampled under load)',
        GIVEN,
        'peer',
      ),
      where: { requester: 'foreign' },
    },
    {
      name: 'innerShare',
      unit: 'share',
      help: 'Share of inner peers among those given to inner clients, 0 to 1',
      kind: 'ratio',
      of: { metric: GIVEN, where: { requester: 'inner', peer: 'inner' } },
      to: { metric: GIVEN, where: { requester: 'inner' } },
    },
    count('completed', 'downloads', 'Downloads completed', 'completed_total'),
  ];
}

function swarmSeries(): SeriesDefinition[] {
  return [
    gauge('swarms', 'swarms', 'Swarms known', 'swarms'),
    gauge('peers', 'peers', 'Peers known that announce here', 'peers'),
    gauge('seeds', 'peers', 'Of those, seeds', 'seeds'),
    gauge('networkPeers', 'peers', 'Peers that announce here, inner and foreign', 'network_peers', 'network'),
    {
      ...gauge('networkSeeds', 'peers', 'Of those, seeds', 'network_peers', 'network'),
      where: { role: 'seed' },
    },
    gauge('importedPeers', 'peers', 'Foreign peers from original trackers', 'upstream_peers'),
    gauge(
      'storeFill',
      'share',
      'How full the store is for inner and for foreign peers, 0 to 1',
      'store_fill_ratio',
      'requester',
    ),
    gauge(
      'foreignLimit',
      'peers',
      'Limits of foreign peers in force, by the name of their key',
      'foreign_limit',
      'limit',
    ),
  ];
}

function serviceSeries(): SeriesDefinition[] {
  return [
    {
      ...count(
        'originals',
        'trackers',
        'Original trackers that answered, refused or failed',
        'upstream_events_total',
        'event',
      ),
      where: { event: ['answered', 'refused', 'failed'] },
    },
    count('dnsQueries', 'queries', 'DNS queries', 'dns_queries_total'),
    {
      ...count('dnsEvents', 'queries', 'DNS queries by what happened to them', 'dns_events_total', 'event'),
      where: { event: ['redirected', 'forwarded', 'withdrawn', 'failed'] },
    },
    count(
      'mirrorRequests',
      'requests',
      'Requests to the mirror site, by kind of answer',
      'mirror_site_requests_total',
      'kind',
    ),
    gauge('crawlSeconds', 'seconds', 'Duration of the last crawl', 'crawler_last_duration_seconds'),
    gauge(
      'crawlTorrents',
      'torrents',
      'Torrents of the last crawl, by what became of them',
      'crawler_last_torrents',
      'status',
    ),
    gauge('catalogue', 'torrents', 'Torrents in the catalogue', 'catalogue_torrents'),
    gauge('cacheHeld', 'bytes', 'Bytes that each cache holds', 'cache_held_bytes', 'cache'),
    count('cacheServed', 'bytes', 'Bytes that each cache served', 'cache_uploaded_bytes_total', 'cache'),
    count('cacheFetched', 'bytes', 'Bytes that each cache fetched', 'cache_downloaded_bytes_total', 'cache'),
    count(
      'savingsDownloaded',
      'bytes',
      'Bytes that inner clients downloaded',
      'savings_downloaded_bytes_total',
      'class',
    ),
    count(
      'savingsForeign',
      'bytes',
      'Bytes that inner clients downloaded from outside, by the share of foreign peers in their answers',
      'savings_foreign_bytes_total',
      'class',
    ),
    count('reports', 'values', 'Values of sub-domains accepted from probes', 'probe_values_total'),
    count('capabilityReports', 'reports', 'Capability reports accepted from nodes', 'capability_reports_total'),
    gauge('capabilityNodes', 'nodes', 'Nodes whose reported capability still counts', 'capability_nodes'),
    count('quarantined', 'values', 'Values of sub-domains that were quarantined', 'probe_quarantined_total'),
  ];
}

function processSeries(): SeriesDefinition[] {
  return [
    gauge('alarms', 'alarms', 'Alarms that are open', 'alarms'),
    gauge('databaseSize', 'bytes', 'Size of the database', 'database_bytes'),
    gauge('memory', 'bytes', 'Resident memory of the process', 'resident_memory_bytes'),
    count('cpu', 'seconds', 'Processor time of the process', 'processor_seconds_total'),
    gauge('threadDelay', 'seconds', 'Longest delay of a thread within a minute', 'thread_delay_seconds', 'thread'),
  ];
}

function subdomainSeries(): SeriesDefinition[] {
  return [
    rough(
      gauge('density', 'bytes/s', 'Traffic of a user of a sub-domain', 'density_bytes_per_user_second', 'subdomain'),
    ),
    rough(
      gauge('densityLevel', 'level', 'Density level of a sub-domain in answers, 0 to 15', 'density_level', 'subdomain'),
    ),
    rough(
      count(
        'subdomainDownloaded',
        'bytes',
        'Bytes that localised clients of a sub-domain downloaded',
        'subdomain_downloaded_bytes_total',
        'subdomain',
      ),
    ),
    rough(
      count(
        'subdomainForeign',
        'bytes',
        'Bytes that localised clients of a sub-domain downloaded from outside',
        'subdomain_foreign_bytes_total',
        'subdomain',
      ),
    ),
  ];
}

function gauge(
  name: string,
  unit: string,
  help: string,
  metric: string,
  label?: string,
): Extract<SeriesDefinition, { kind: 'gauge' | 'counter' }> {
  return { name, unit, help, metric, kind: 'gauge', ...(label === undefined ? {} : { label }) };
}

function count(
  name: string,
  unit: string,
  help: string,
  metric: string,
  label?: string,
): Extract<SeriesDefinition, { kind: 'gauge' | 'counter' }> {
  return { name, unit, help, metric, kind: 'counter', ...(label === undefined ? {} : { label }) };
}

function rough(definition: SeriesDefinition): SeriesDefinition {
  return { ...definition, precision: 'rough' };
}
