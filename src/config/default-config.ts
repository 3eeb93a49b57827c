/**
 * What `print-config` prints: every key with its default and what it means. It is a valid configuration of an imaginary
 * operator (documentation addresses, RFC 5737 and 3849); a test holds it against the schema, key by key.
 */
export const DEFAULT_CONFIG_YAML = `# alias-tracker: every key, with its default where it has one.
# A key that is left out has the value shown here; "# optional" marks keys without a default.
# \${NAME} takes an environment variable. Durations: ms s m h d. Sizes: B KiB MiB GiB. Relative paths count from this file.
# Check with: alias-tracker check-config FILE

operator:
  name: Example Telecom
  networks:                             # the first is the home AS, the others are siblings of the same operator
    - { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] }
    - { asn: 64501, prefixes: [198.51.100.0/24] }
  subdomains:                           # access networks; the longest prefix wins. Or: subdomains: { file: plan.csv }, with
                                        # lines prefix,subdomain[,asn[,uplinkBpsMax]]
    - { id: north, prefixes: [203.0.113.0/25] }
    - { id: south, prefixes: [203.0.113.128/25], uplinkBpsMax: 40000000 }   # optional: no line there uploads faster
  caches:                               # the operator's own nodes; preferredBy: the sub-domains that prefer it, else all;
    - { address: 203.0.113.10, preferredBy: [north] }                 # for the others it is the last of the inner peers
      # optional: uplinkBpsMax, of the cache itself: the limit of its sub-domain is that of customers' lines

topology:                               # who the rest of the world is; each file is optional
  # asnDatabase: GeoLite2-ASN.mmdb      # MMDB, or CSV "start,end,asn,organisation"
  # prefixToAs: routeviews.pfx2as       # CAIDA prefix2as
  # asRelationships: 20260101.as-rel.txt
  # asOrganisations: 20260101.as-org2info.txt
  reloadEvery: 5m                       # how often the files are looked at for changes

billing:
  currency: EUR
  defaultRatePerGigabyte: 0.02          # for every AS of which nothing better is known
  neighbours:                           # what traffic with them costs; goes before asRelationships
    - { name: Neighbour One, asns: [64600], ratePerGigabyte: 0.002 }
  relationshipRates: {}                 # per gigabyte: customer, peer (0 unless given), provider (the default rate)
  schedule:                             # of entries that overlap the first is in force
    - { name: night, from: "01:00", to: "07:00", timeZone: Europe/Berlin, rateFactor: 0.2, foreignPeersMax: 50 }
      # optional: days: [sat, sun] (on which it begins), neighbours: [Neighbour One] (only their rates); foreignPeersMin,
      # foreignPeersMax, gatewaysMax: in place of those of selection
  overrides: []                         # pairs that count otherwise than their AS say, e.g.
    # - { requester: north, peer: AS64600, treatAs: same-operator }      # same-as, same-operator or foreign
    # - { requester: "*", peer: south, treatAs: foreign, ratePerGigabyte: 0.001 }
    # - { requester: south, peer: 203.0.113.10, treatAs: same-operator }       # one of operator.caches

selection:
  enoughInnerPeers: 12                  # draft 4.2 a, b: what "enough" is, whatever numwant the client sent
  foreignPeersMin: 0                    # even when there are enough
  foreignPeersMax: 20                   # "some foreign nodes" when there are too few
  foreignPeersWhenNoInnerSeed: 3        # and what each gateway is given; a known seed counts as two
  gatewaysMax: 16                       # at most so many inner peers of a swarm that lacks inner seeds get foreign ones; 0: off
  capabilityWeight: 0.6
  densityWeight: 0.4
  grain: as                             # or subdomain: prefer the requester's own sub-domain

tracker:
  listen: ["udp://0.0.0.0:6969", "http://0.0.0.0:6969"]     # also https://, with tls
  announceUrls: []                      # written into torrents, e.g. ["udp://alias.example.net:6969/announce"]
  interval: 30m                         # how often clients announce; ±10 % against crowds
  minInterval: 1m
  numWantDefault: 50
  numWantMax: 200
  torrents: open                        # open | catalogue | a file of info-hashes, one to a line
  transport: auto                       # linux (batched system calls), portable, or auto: linux where it works
  connectionId: lenient                 # strict: two minutes (BEP 15); lenient: some clients keep them longer
  fullScrape: false                     # answer a scrape without info-hash with everything
  trustedNetworks: []                   # prefixes that may announce for another address (ip=)
  trustedProxies: []                    # prefixes whose X-Forwarded-For and PROXY protocol count
  proxyProtocol: []                     # entries of listen where each connection begins with a PROXY header (1 or 2);
                                        # only trustedProxies may connect there, e.g. ["http://127.0.0.1:6970"]
  denyList: { addresses: [] }           # prefixes that are never handed out; optional: torrents: FILE of info-hashes
  # tls: { certificate: chain.pem, key: key.pem }
  snapshotEvery: 1m                     # swarms survive a restart
  limits:
    maxPeers: 4000000                   # stored at most, both families; each takes up to 64 bytes
    maxTorrents: 1000000
    reservedForInnerPercent: 20         # of both, which peers from outside the operator's networks cannot take
    peersPerAddressPerSwarm: 16         # homes and carrier NAT share addresses; one host must not fill a swarm; 0: no limit, at most 32
    peersPerAddress: 4000               # over all swarms; an IPv6 /64 counts as an address
    peersPerSitePerSwarm: 64            # the same two for an IPv6 /48 outside the operator's networks
    peersPerSite: 16000
    minPeerPort: 1                      # peers on lower ports are counted but not handed out
    maxConnections: 10000
    requestTimeout: 10s
    keepAliveTimeout: 30s

mirrorSite:                             # leave the section out to run without it
  listen: "http://0.0.0.0:8080"
  title: Local torrents
  # publicUrl: "http://torrents.example.net"

crawler:
  top: 100                              # how many torrents the catalogue keeps
  every: 30m
  retain: 7d                            # how long one stays after it left the top
  delayPerSite: 1s                      # between two requests to one site
  timeout: 20s
  maxPageSize: 8MiB
  maxTorrentSize: 8MiB
  # userAgent: "alias-tracker (noc@example.net)"
  sources: []                           # e.g.
    # - { name: lab, type: feed, url: "http://127.0.0.1:8181/feed.xml" }
    # - { name: site, type: html, url: "https://example.org/top", item: ".torrent-row", link: "a.download",
    #     title: "a.name", page: "a.details", seeds: ".s", leechers: ".l" }
    # - { name: proxy, type: access-log, file: /var/log/squid/access.log }
    # - { name: own, type: announces }

upstream:                               # foreign peers from original trackers
  exchange: true
  resolvers: []                         # past the redirection; empty: this machine's own
  dht: false                            # the DHT is not asked for peers; true is refused
  every: 5m                             # at most so often for one torrent
  peersMax: 200
  originalTrackers: []                  # who may push peers: [ { name: partner, token: "\${PARTNER_TOKEN}" } ]

dnsRedirect:                            # leave the section out to redirect with your own resolver
  listen: ["127.0.0.1:5353"]            # UDP and TCP
  upstreamResolvers: ["192.0.2.53"]     # every other name is asked there
  clients: []                           # prefixes that are redirected; empty: everyone who asks
  mirrorAddresses: [203.0.113.20, "2001:db8:100::20"]
  trackerAddresses: [203.0.113.21]
  sites: []                             # names of original sites
  trackers: []                          # names of original trackers
  ttl: 30s
  queriesPerSecondPerClient: 500        # raise it where the clients are resolvers that ask for many

reports:
  probes:                               # token: optional where one was made with alias-tracker token
    - { id: dp-north, subdomains: [north] }
  freshness: 15m                        # older density counts as unknown
  history: 366d                         # of means over five minutes and hours; raw reports are kept a day
  uplinkBpsMax: 1000000000              # nobody's line uploads faster, whatever it reports; see subdomains and caches

control:                                # API and dashboard; leave the section out to run without them
  listen: "http://127.0.0.1:8090"       # https:// with tls
  # token: "\${CONTROL_TOKEN}"           # required where not on loopback
  # tls: { certificate: chain.pem, key: key.pem }
  # clientCa: probes-ca.pem             # with tls: a certificate of this authority stands for the token of its probe
  names: []                             # host names under which browsers use it, beside its addresses

storage:
  directory: ./data

logging:
  level: info                           # fatal, error, warn, info, debug, trace, silent

lab: false                              # true: loopback and private addresses take part
# labServices: {}                       # with lab: true, an original site, tracker and resolver on this machine
`;
