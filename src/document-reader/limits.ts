/** What one document of a stranger may cost. Each limit is far above what real documents need. */

/** The slowest real one, a torrent of 10 MB with 200,000 files, takes about a second on a slow machine. */
export const MAX_READ_MS = 10_000;
/** Heap of the thread that reads. A list page of 8 MB takes about 150 MB as a tree. */
export const MAX_HEAP_MB = 256;
/** Documents that wait for the thread, each held in memory; a caller that brings one more is refused. */
export const MAX_WAITING_DOCUMENTS = 64;
/** A thread that has nothing to read for so long ends, and its heap is given back. */
export const IDLE_MS = 30_000;
