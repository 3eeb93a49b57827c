/** How much a stranger's connection may hold of this process, with the reasons. */
import { MAX_HTTP_HEAD_BYTES, MAX_HTTP_RESPONSE_BYTES } from '../transport.js';

/** Read at once from a connection: the largest head twice, so that a refused one is seen whole. */
export const IN_BUFFER_BYTES = 2 * MAX_HTTP_HEAD_BYTES;
/** Answers to pipelined requests are collected up to this before they are sent; one more always fits. */
export const OUT_BUFFER_BYTES = 2 * MAX_HTTP_RESPONSE_BYTES;
/** Connections whose request came in parts at one time (64 MiB if all are full); past it the oldest is closed. */
export const MAX_HELD_REQUESTS = 4_096;
/** Connections whose answer did not leave whole at one time (32 MiB); past it the one that stalls longest is closed. */
export const MAX_HELD_ANSWERS = 256;
/** Connections taken from one listener in a row before others get their turn. */
export const ACCEPTS_PER_TURN = 64;
/**
 * The kernel keeps a new connection to itself until its request comes, for as long as a request may take; not longer than
 * this, since it then holds a place among those that are not established.
 */
export const MAX_DEFER_ACCEPT_SECONDS = 5;
/** After a last answer to a client that still sends: time for it to read the answer before a reset may reach it. */
export const LINGER_MS = 2_000;
/** Without file descriptors or memory: how long no connection is taken. */
export const ACCEPT_PAUSE_MS = 100;
