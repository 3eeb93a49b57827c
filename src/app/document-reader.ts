/** Readers of strangers' documents, each with a thread of its own: one for the crawler, one for each other part that needs it. */
import { DocumentReader, type DocumentReaderOptions } from '../document-reader/document-reader.js';
import { threadModule } from '../threads/start-thread.js';
import type { ReadingTasks, ReadingThreadData } from './document-reader-thread.js';

export interface ReaderOptions extends Omit<DocumentReaderOptions, 'module' | 'workerData'> {
  /** Where its threads write how they are, one after the other. */
  readonly vitals?: SharedArrayBuffer | undefined;
}

/** The thread starts with the first document. The caller closes the reader. */
export function createDocumentReader({ vitals, ...options }: ReaderOptions): DocumentReader<ReadingTasks> {
  const workerData: ReadingThreadData = { documentVitals: vitals ?? null };
  const module = threadModule(import.meta.url, 'document-reader-thread.js');
  return new DocumentReader<ReadingTasks>({ ...options, workerData, module });
}
