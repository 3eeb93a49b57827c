/** Limits and times of the RPZ server, with the reason for each. */

/** Seconds. A resolver that missed a NOTIFY finds a change within a minute. */
export const REFRESH_SECONDS = 60;
export const RETRY_SECONDS = 30;
/** The exempt zone expires after the data zone: without it, clients that opted out would be redirected. */
export const EXEMPT_EXPIRE_FACTOR = 2;

/** Versions of a zone that a resolver can catch up from without transferring the zone whole. */
export const MAX_DIFFERENCES = 100;
/** Differences of more records than this are sent only if the zone itself has more. */
export const MIN_WHOLE_RECORDS = 1_000;
/** Removed and added records of all differences, about 20 MB; the oldest differences are forgotten. */
export const MAX_DIFFERENCE_RECORDS = 100_000;

/** A compression pointer reaches 16,383 bytes, so longer messages of a transfer would be compressed less. */
export const TRANSFER_MESSAGE_BYTES = 16_384;
/** RFC 1035 section 4.2.2: the length of a message over TCP has 16 bits. */
export const MAX_MESSAGE_BYTES = 65_535;
/** A request has a question, an SOA (IXFR), an OPT and a TSIG. */
export const MAX_REQUEST_BYTES = 4_096;

/** RFC 8945 section 10: the recommended fudge. */
export const TSIG_FUDGE_SECONDS = 300;
/** Signed transfer requests of the last ten minutes that are remembered, so that none is replayed. */
export const MAX_SEEN_REQUESTS = 10_000;

/** Each resolver needs one connection for each zone; a restart opens others before the old ones end. */
export const MAX_CONNECTIONS_PER_SECONDARY = 16;
/** For all strangers together. They are refused, so they need a connection only for that answer. */
export const MAX_CONNECTIONS_OF_STRANGERS = 16;
/** The idle timeout of a connection without a request (RFC 7766 section 6.2.3). */
export const CONNECTION_IDLE_MS = 30_000;
/** A secondary that takes no byte of a transfer for this long has lost its connection. */
export const TRANSFER_STALLED_MS = 30_000;
/** A transfer ends after this time even if its reader takes data. A zone of 10,000 names has 1.5 MB. */
export const MAX_TRANSFER_MS = 300_000;

/** NOTIFY is repeated, backing off, until it is answered (RFC 1996 section 3.6 suggests 60 s and no more than five). */
export const NOTIFY_FIRST_RETRY_MS = 1_000;
export const NOTIFY_LAST_RETRY_MS = 60_000;

/** A secondary that does not have a version after this lags: two refreshes, and a transfer. */
export const LAG_MS = 150_000;

/**
 * At the end of the program: how long resolvers have to take the zone without names. PowerDNS Recursor asks every 5 s, as it is
 * documented.
 */
export const WITHDRAWAL_MS = 6_000;

/** How often MX, TXT and CAA records of the originals are looked up again. */
export const COPY_EVERY_MS = 300_000;
/** A period begins and ends within a second of its time. */
export const CHECK_SCHEDULE_MS = 1_000;
/** For one try. A resolver takes about 10 s to find that all servers of a name are dead. */
export const COPY_TIMEOUT_MS = 5_000;
/** Names that are looked up at the same time. */
export const COPIES_IN_PARALLEL = 8;
/** For one name. Large sites have about 30 TXT records for other services. */
export const MAX_COPIED_RECORDS = 64;
export const MAX_COPIED_BYTES = 16_384;
