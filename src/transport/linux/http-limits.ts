/** Limits on the resources of one stranger's connection, with reasons. */
import { MAX_HTTP_HEAD_BYTES, MAX_HTTP_RESPONSE_BYTES } from '../transport.js';

/** Bytes per read: twice the largest head, so that a head which is refused is read completely. */
export const IN_BUFFER_BYTES = 2 * MAX_HTTP_HEAD_BYTES;
/** Answers to pipelined requests are collected up to this size before they are sent; one more always fits. */
export const OUT_BUFFER_BYTES = 2 * MAX_HTTP_RESPONSE_BYTES;
/** Connections with a partial request at one time (64 MiB if all are full); above it the oldest is closed. */
export const MAX_HELD_REQUESTS = 4_096;
/** Connections with a partly sent answer at one time (32 MiB); above it the longest stalled is closed. */
export const MAX_HELD_ANSWERS = 256;
/** Connections accepted from one listener before other sources run. */
export const MAX_ACCEPTS_AT_ONCE = 64;
/**
 * The kernel holds back a new connection until its request arrives (TCP_DEFER_ACCEPT), at most for this time, because the
 * connection occupies the queue of those that are not established.
 */
export const MAX_DEFER_ACCEPT_SECONDS = 5;
/** After the last answer to a client that still sends: time to read the answer before a reset can reach it. */
export const LINGER_MS = 2_000;
/** How long a listener pauses when file descriptors or memory run out. */
export const ACCEPT_PAUSE_MS = 100;
