/** Makes readers of strangers' documents. Each part that reads them has a reader with a thread of its own. */
import { DocumentReader, type DocumentReaderOptions } from '../document-reader/document-reader.js';
import { threadModule } from '../threads/start-thread.js';
import type { ReadingTasks, ReadingThreadData } from './document-reader-thread.js';

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
