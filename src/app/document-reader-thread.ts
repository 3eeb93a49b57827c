/** The tasks of the thread that reads strangers' documents. `document-reader.ts` starts it. */
import { workerData } from 'node:worker_threads';
import { documentTasks } from '../crawler/document-tasks.js';
import { serveTasks } from '../document-reader/serve-tasks.js';
import { systemClock } from '../domain/clock.js';
import { startBeating } from '../threads/beat.js';
import { type RewriteOptions, rewriteTorrent } from '../wire/metainfo-rewrite.js';
import { type ProvenRewriting, rewriteWithProof } from '../wire/metainfo-rewrite-proof.js';

interface RewritingInput {
  readonly bytes: Uint8Array;
  readonly options: RewriteOptions;
}

const tasks = {
  ...documentTasks,
  rewriteTorrent: ({ bytes, options }: RewritingInput): Uint8Array => rewriteTorrent(bytes, options),
  rewriteWithProof: ({ bytes, options }: RewritingInput): ProvenRewriting => rewriteWithProof(bytes, options),
};

export type ReadingTasks = typeof tasks;

export interface ReadingThreadData {
  /** Where this thread writes its vitals (`src/threads`); null if no watchdog reads them. */
  readonly documentVitals: SharedArrayBuffer | null;
}

const { documentVitals } = workerData as ReadingThreadData;
if (documentVitals !== null) startBeating(documentVitals, systemClock);
serveTasks(tasks);
