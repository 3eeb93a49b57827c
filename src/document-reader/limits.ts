/** Limits on the cost of one document of a stranger. Each limit is far above what real documents need. */

/** A torrent of 50,000 files takes half a second, one of 100 MB two seconds, on one core of two that are busy. */
export const MAX_READ_MS = 10_000;
/** Heap of the reading thread. A list page of 8 MB takes about 150 MB as a tree. */
export const MAX_HEAP_MB = 256;
/**
 * The young generation of this heap. With 8 MB instead of 32 MB, 30 documents of 1,700 entries take as long within the noise, and
 * the peak memory of the process is 20 MB lower.
 */
export const YOUNG_HEAP_MB = 8;
/** Documents that wait for the thread, each held in memory; further ones are refused. */
export const MAX_WAITING_DOCUMENTS = 64;
/** A thread without work for this time ends, which frees its heap. */
export const IDLE_MS = 30_000;
