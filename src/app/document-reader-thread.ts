/** The thread that reads documents of strangers: what it can do, and nothing else. Started by document-reader.ts. */
import { documentTasks } from '../crawler/document-tasks.js';
import { serveTasks } from '../document-reader/serve-tasks.js';
import { type RewriteOptions, rewriteTorrent } from '../wire/metainfo-rewrite.js';

const tasks = {
  ...documentTasks,
  rewriteTorrent: ({ bytes, options }: { bytes: Uint8Array; options: RewriteOptions }): Uint8Array =>
    rewriteTorrent(bytes, options),
};

export type ReadingTasks = typeof tasks;

serveTasks(tasks);
