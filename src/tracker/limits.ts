/** Every limit that the data plane puts on what strangers send and on what it answers, each with its reason. */

/** Peers in an answer where the client named no number: what BEP 3 suggests. */
export const DEFAULT_NUM_WANT = 50;
/** Peers in an answer whatever was asked: 200 of 6 bytes stay below an Ethernet frame. */
export const MAX_NUM_WANT = 200;
/** UDP answers stay below 1,500 bytes with IP and UDP heads: fragments are often dropped. 66 × 18 + 20 = 1,208. */
export const MAX_UDP_PEERS_IPV6 = 66;
/** Hashes in one HTTP scrape: a head of 8 KiB holds about 100 of them escaped. */
export const MAX_HTTP_SCRAPE_HASHES = 100;
/** Swarms in a full scrape where it is allowed: what fits an answer of 64 KiB. */
export const MAX_FULL_SCRAPE_SWARMS = 600;
/** Room for the path and query that BEP 41 options carry; longer ones are cut, nothing depends on them. */
export const MAX_URL_DATA_BYTES = 512;
/** `ip=` longer than the longest IPv6 text is not an address. */
export const MAX_ADDRESS_TEXT_BYTES = 45;

/** Announce interval, unless configured: what public trackers use; long enough for load, short enough for news. */
export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** Jitter of the interval in each answer, so that clients that started together do not come back together. */
export const INTERVAL_JITTER = 0.1;
/** `min interval` as a share of the interval. */
export const MIN_INTERVAL_SHARE = 0.5;

/** Connections of one http listener; each holds some kilobytes and a file descriptor. */
export const DEFAULT_MAX_CONNECTIONS = 20_000;
/** A request that has not come whole by then is cut off: slow links need one second, slowloris needs minutes. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** An idle connection is kept for a client's next request; clients announce again only after half an hour. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** Peers below this port are counted but not handed out: well-known services must not be aimed at through a tracker. */
export const DEFAULT_PORT_FLOOR = 1;
/** Addresses behind one CGNAT address may be many; a host that fills a swarm with inventions is one. */
export const DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM = 16;
/** The same over all swarms: a seedbox with some thousand torrents must still fit. */
export const DEFAULT_MAX_PEERS_PER_ADDRESS = 20_000;
/** A /48 from outside may be one customer of a hoster with 65,536 networks: in one swarm as many as four hosts. */
export const DEFAULT_MAX_PEERS_PER_SITE_IN_SWARM = 4 * DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM;
export const DEFAULT_MAX_PEERS_PER_SITE = 4 * DEFAULT_MAX_PEERS_PER_ADDRESS;
/** Reserved address space of the swarms, touched page by page; 10 M peers take less. */
export const DEFAULT_ARENA_BYTES = 1024 * 1024 * 1024;

/** How long housekeeping may hold up answers in one piece. */
export const HOUSEKEEPING_SLICE_PEERS = 4_096;
/** Messages from the control plane taken in one go, so that a flood of them does not hold up answers. */
export const MAX_MESSAGES_AT_ONCE = 64;
/** Swarms in one list for the operator; a list of all of them would hold up answers. */
export const MAX_LISTED_SWARMS = 1_000;
/** `numwant` of the operator who asks for an explanation; what clients get is less. */
export const MAX_EXPLAINED_PEERS = 1_000;
/** How often swarms are saved: a crash loses at most what changed since, and clients announce it again anyway. */
export const DEFAULT_SNAPSHOT_EVERY_SECONDS = 60;
