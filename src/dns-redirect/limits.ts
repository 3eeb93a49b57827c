/** Limits of the DNS redirection on the traffic and load that clients cause, with the reason for each. */

/** The most bytes that this server accepts and sends over UDP, so that no usual path fragments them (DNS flag day 2020). */
export const EDNS_UDP_BYTES = 1_232;

/** To clients whose address is proven: what Ethernet carries over IPv6 without fragments (1,500 - 40 - 8). */
export const PROVEN_UDP_BYTES = 1_452;
/**
 * A client with a proven address may send this many times as many queries. Its answers cannot be used to flood another address,
 * so only the load of this server limits it.
 */
export const PROVEN_RATE_FACTOR = 10;
/** Prefixes of clients over their rate that are shown. */
export const MAX_SHOWN_LIMITED_PREFIXES = 20;
/** Names whose counters are metrics: those with the most questions. */
export const MAX_NAME_METRICS = 500;

/** Different questions in flight to upstream resolvers. A flood of dead names holds each for some seconds. */
export const MAX_QUESTIONS_IN_FLIGHT = 4_096;
/** Clients that wait for those questions. Each costs a few hundred bytes. */
export const MAX_WAITING_CLIENTS = 32_768;
/** A stub resolver waits 5 s (resolv.conf); three attempts, and time for the last of them, fit into that. */
export const ATTEMPT_EVERY_MS = 1_200;
/** RFC 8767 section 4: a client gets an expired answer after 1.8 s, before it asks again. */
export const STALE_AFTER_MS = 1_800;
/** RFC 9520 section 3.2: at least one second, at most five minutes. */
export const FAILURE_HOLDS_MS = 5_000;
export const MAX_REMEMBERED_FAILURES = 10_000;
/** A loop that begins later is found within a minute. */
export const LOOP_PROBE_EVERY_MS = 60_000;

/** Over all listen addresses together. Connections need memory and descriptors, and queries over TCP are rare. */
export const MAX_TCP_CONNECTIONS = 256;
/** A trusted resolver may have half of all connections. */
export const MAX_TCP_CONNECTIONS_PER_CLIENT = 32;
export const MAX_TCP_CONNECTIONS_PER_TRUSTED_CLIENT = 128;
/** RFC 7766 section 6.2.3: "of the order of seconds". A multiple of 100 ms, the unit of RFC 7828. */
export const TCP_IDLE_TIMEOUT_MS = 10_000;
/** RFC 7766 section 6.2.1.1: pipelined queries of a connection in flight. At this many, reading pauses. */
export const MAX_TCP_PIPELINED = 64;
/** A client that leaves more answers unread is disconnected. */
export const MAX_TCP_UNREAD_BYTES = 1_048_576;

/** Short, because a name is withdrawn when its target fails, and resolvers cache the redirection until then. */
export const DEFAULT_REDIRECT_TTL_SECONDS = 30;
export const MAX_REDIRECT_TTL_SECONDS = 60;
