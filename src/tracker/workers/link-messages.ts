/** The kinds of messages between workers, and what their words mean. A request and its answer have the same kind. */

/** An HTTP request: its bytes are the head, and those of the answer the whole answer. */
export const KIND_HTTP = 1;
/** The counts of swarms: their info-hashes, and 12 bytes for each in the answer: seeds, completed, leechers. */
export const KIND_COUNTS = 2;
/** A part of all swarms; the answer is records as `full-scrape.ts` has them. */
export const KIND_SWARMS = 3;

/**
 * The first word of every message: the start of the worker that asked, which the answer repeats. An answer to an earlier start
 * belongs to nothing that the current one knows.
 */
export const EPOCH = 0;

/** Of {@link KIND_HTTP}, in the request and in the answer. */
export const TICKET_LOW = 1;
export const TICKET_HIGH = 2;
/** The position of the listener in the configuration. */
export const LISTENER = 3;
/** In the request: the address of the client as the connection has it. */
export const FAMILY = 4;
export const ADDRESS = 5;
export const PORT = 9;
/** In the answer: 1 closes the connection. */
export const CLOSE = 4;

/** Of {@link KIND_COUNTS} and {@link KIND_SWARMS}. */
export const GATHER = 1;

/** Of {@link KIND_COUNTS}. */
export const COUNTS_BYTES = 12;
