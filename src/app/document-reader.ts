/** Makes readers of strangers' documents. Each part that reads them has a reader with a thread of its own. */
import { DocumentReader, type DocumentReaderOptions } from '../document-reader/document-reader.js';
import { threadModule } from '../threads/start-thread.js';
import type { RewriteOptions } from '../wire/metainfo-rewrite.js';
import type { ReadingTasks, ReadingThreadData } from './document-reader-thread.js';
import type { ThreadWatch } from './supervision/thread-watch.js';

export interface ReaderOptions extends Omit<DocumentReaderOptions, 'module' | 'workerData'> {
  /** Where its thread, and each one that replaces it, writes its vitals. */
  readonly vitals?: SharedArrayBuffer | undefined;
}

/** The thread starts with the first document. The caller closes the reader. */
export function createDocumentReader({ vitals, ...options }: ReaderOptions): DocumentReader<ReadingTasks> {
  const workerData: ReadingThreadData = { documentVitals: vitals ?? null };
  const module = threadModule(import.meta.url, 'document-reader-thread.js');
  return new DocumentReader<ReadingTasks>({ ...options, workerData, module });
}

/** A reader for torrents that are to be rewritten. The caller closes it. @param name of the thread */
export function openRewriter(threads: Pick<ThreadWatch, 'measure'>, name: string) {
  const documents = createDocumentReader({ name, vitals: threads.measure(name) });
  return {
    rewrite: (bytes: Uint8Array, options: RewriteOptions, about: string) =>
      documents.run('rewriteTorrent', { bytes, options }, { about }),
    close: () => documents.close(),
  };
}
