/** The thread that reads documents of strangers: what it can do, and nothing else. Started by document-reader.ts. */
import { documentTasks } from '../crawler/document-tasks.js';
import { serveTasks } from '../document-reader/serve-tasks.js';
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

serveTasks(tasks);
