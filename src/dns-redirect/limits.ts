/** Limits of the DNS redirection on what clients send and cause, with the reason for each. */

/** RFC 1035 section 4.1.1. */
export const DNS_HEADER_BYTES = 12;
/** RFC 1035 section 2.3.4: length octets and the root included. */
export const MAX_NAME_BYTES = 255;
/** A real query is below 300 bytes even with cookies and padding; padded ones (RFC 8467) come in blocks of 128 or 468. */
export const MAX_QUERY_BYTES = 4_096;
/** Real queries have a question, one OPT, and one TSIG or SIG(0). */
export const MAX_QUERY_RECORDS = 8;
/** RFC 1035: the buffer of a client without EDNS. */
export const PLAIN_UDP_BYTES = 512;
/** The most bytes that this server accepts and sends over UDP, so that no usual path fragments them (DNS flag day 2020). */
export const EDNS_UDP_BYTES = 1_232;

/** Questions in flight to upstream resolvers. Each has a socket, and the limit of file descriptors is often 1,024. */
export const MAX_FORWARDS_IN_FLIGHT = 512;
/** More of the same question in flight is a loop through another resolver, not popularity. */
export const MAX_SAME_QUESTION_IN_FLIGHT = 64;
/** A stub resolver waits 5 s (resolv.conf); three attempts fit into that. */
export const FORWARD_ATTEMPT_TIMEOUT_MS = 1_500;
export const MAX_FORWARD_ATTEMPTS = 3;
/** How long a resolver that failed is asked last. */
export const FORWARDER_PENALTY_MS = 15_000;

/** Connections need memory and descriptors, and queries over TCP are rare. */
export const MAX_TCP_CONNECTIONS = 256;
export const MAX_TCP_CONNECTIONS_PER_CLIENT = 32;
/** RFC 7766 section 6.2.3: "of the order of seconds". */
export const TCP_IDLE_TIMEOUT_MS = 10_000;
/** RFC 7766 section 6.2.1.1: pipelined queries of a connection in flight. At this many, reading pauses. */
export const MAX_TCP_PIPELINED = 32;
/** A client that leaves more answers unread is disconnected. */
export const MAX_TCP_UNREAD_BYTES = 1_048_576;

/** More than a household asks, less than a flood. The configuration raises it for resolvers with many users. */
export const CLIENT_QUERIES_PER_SECOND = 500;
export const CLIENT_BURST_QUERIES = 1_000;

/** Short, because a name is withdrawn when its target fails, and resolvers cache the redirection until then. */
export const DEFAULT_REDIRECT_TTL_SECONDS = 30;
export const MAX_REDIRECT_TTL_SECONDS = 60;
