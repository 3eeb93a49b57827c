/** Every limit that the DNS redirection puts on what strangers send or cause, with its reason. */

/** RFC 1035 section 4.1.1. */
export const DNS_HEADER_BYTES = 12;
/** RFC 1035 section 2.3.4: length octets and the root included. */
export const MAX_NAME_BYTES = 255;
/** A real query is below 300 bytes even with cookies and padding; padded ones (RFC 8467) come in blocks of 128 or 468. */
export const MAX_QUERY_BYTES = 4_096;
/** Question, one OPT, one TSIG or SIG(0): what stands in real queries. More is work for nothing. */
export const MAX_QUERY_RECORDS = 8;
/** RFC 1035: what every client takes over UDP without EDNS. */
export const PLAIN_UDP_BYTES = 512;
/** What we ask for and send at most over UDP ourselves: no fragments on any usual path (DNS flag day 2020). */
export const EDNS_UDP_BYTES = 1_232;

/** Questions that wait for an upstream resolver at once; each holds a socket, and file descriptors are often 1,024. */
export const MAX_FORWARDS_IN_FLIGHT = 512;
/** The same question forwarded so often at once is a loop through another resolver rather than popularity. */
export const MAX_SAME_QUESTION_IN_FLIGHT = 64;
/** A stub waits 5 s (resolv.conf); three attempts of this fit into it. */
export const FORWARD_ATTEMPT_TIMEOUT_MS = 1_500;
export const MAX_FORWARD_ATTEMPTS = 3;
/** A resolver that failed is asked last for so long. */
export const FORWARDER_PENALTY_MS = 15_000;

/** Connections hold memory and descriptors; queries over TCP are rare. */
export const MAX_TCP_CONNECTIONS = 256;
export const MAX_TCP_CONNECTIONS_PER_CLIENT = 32;
/** RFC 7766 section 6.2.3: "of the order of seconds". */
export const TCP_IDLE_TIMEOUT_MS = 10_000;
/** RFC 7766 section 6.2.1.1: pipelined queries answered at once; beyond it reading pauses. */
export const MAX_TCP_PIPELINED = 32;
/** A client that does not read its answers loses the connection. */
export const MAX_TCP_UNREAD_BYTES = 1_048_576;

/** Tells a flood from a household; resolvers that speak for many get a higher limit by configuration. */
export const CLIENT_QUERIES_PER_SECOND = 500;
export const CLIENT_BURST_QUERIES = 1_000;

/** Redirections are withdrawn when their target fails, so resolvers may keep them only briefly. */
export const DEFAULT_REDIRECT_TTL_SECONDS = 30;
export const MAX_REDIRECT_TTL_SECONDS = 60;
