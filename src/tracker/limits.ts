/** All limits of the data plane on input from strangers and on its answers, each with its reason. */
import type { TransportLimits } from '../transport/transport.js';

/** Peers in an answer if the client gives no number, as BEP 3 suggests. */
export const DEFAULT_NUM_WANT = 50;
/** The most peers in an answer: 200 of 6 bytes fit an Ethernet frame. */
export const MAX_NUM_WANT = 200;
/** UDP answers stay below 1,500 bytes with IP and UDP heads: fragments are often dropped. 66 × 18 + 20 = 1,208. */
export const MAX_UDP_PEERS_IPV6 = 66;
/** Hashes in one HTTP scrape: a head of 8 KiB holds about 100 of them escaped. */
export const MAX_HTTP_SCRAPE_HASHES = 100;
/** Swarms in a full scrape, if it is allowed: as many as fit an answer of 64 KiB. */
export const MAX_FULL_SCRAPE_SWARMS = 600;
/** Room for the path and query in BEP 41 options. Longer ones are truncated; nothing depends on them. */
export const MAX_URL_DATA_BYTES = 512;
/** `ip=` longer than the longest IPv6 text is not an address. */
export const MAX_ADDRESS_TEXT_BYTES = 45;

/** Default announce interval, as of public trackers: a compromise of load and freshness. */
export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** Jitter of the interval in each answer, so that clients that started together do not announce together again. */
export const INTERVAL_JITTER = 0.1;
/** `min interval` as a share of the interval. */
export const MIN_INTERVAL_SHARE = 0.5;

/** Connections of one http listener; each holds some kilobytes and a file descriptor. */
export const DEFAULT_MAX_CONNECTIONS = 20_000;
/** A request that is incomplete by then is refused: slow links need one second, slowloris needs minutes. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** An idle connection is kept for a client's next request; clients announce again only after half an hour. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT_MS = 15_000;
/** Peers below this port are counted but not handed out, so that a tracker cannot direct clients at well-known services. */
export const DEFAULT_PORT_FLOOR = 1;
/** Many clients may share one CGNAT address, but one host must not fill a swarm with invented peers. */
export const DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM = 16;
/** The same over all swarms: enough for a seedbox with some thousand torrents. */
export const DEFAULT_MAX_PEERS_PER_ADDRESS = 20_000;
/** A foreign /48 may be one customer of a hoster, with 65,536 networks: it counts as four hosts in one swarm. */
export const DEFAULT_MAX_PEERS_PER_SITE_IN_SWARM = 4 * DEFAULT_MAX_PEERS_PER_ADDRESS_IN_SWARM;
export const DEFAULT_MAX_PEERS_PER_SITE = 4 * DEFAULT_MAX_PEERS_PER_ADDRESS;
/** Five times what an original tracker names in an answer. A gateway is given a handful of them. */
export const DEFAULT_MAX_IMPORTED_IN_SWARM = 1_000;
/** Reserved address space of the swarms, touched page by page; 10 M peers take less. */
export const DEFAULT_ARENA_BYTES = 1024 * 1024 * 1024;

/** How long housekeeping may delay answers at a time. */
export const HOUSEKEEPING_SLICE_PEERS = 4_096;
/** Messages from the control plane that are handled at a time, so that many of them do not delay answers. */
export const MAX_MESSAGES_AT_ONCE = 64;
/** Swarms in one list for the operator; a list of all would delay answers. */
export const MAX_LISTED_SWARMS = 1_000;
/** The most peers of an explanation; clients get fewer. */
export const MAX_EXPLAINED_PEERS = 1_000;
/** How often swarms are saved: a crash loses at most what changed since, and clients announce it again anyway. */
export const DEFAULT_SNAPSHOT_EVERY_SECONDS = 60;

/** With the defaults for what is not set. */
export function transportLimitsOf(limits: Partial<TransportLimits>): TransportLimits {
  return {
    maxConnections: limits.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    requestTimeoutMs: limits.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs ?? DEFAULT_KEEP_ALIVE_TIMEOUT_MS,
  };
}
