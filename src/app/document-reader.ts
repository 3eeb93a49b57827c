/** Readers of strangers' documents, each with a thread of its own: one for the crawler, one for each other part that needs it. */
import { DocumentReader, type DocumentReaderOptions } from '../document-reader/document-reader.js';
import type { ReadingTasks } from './document-reader-thread.js';

/** A thread runs compiled code; from sources (tests) it is the build's. */
function threadModule(): URL {
  const here = import.meta.url;
  const compiled = here.endsWith('.ts') ? here.replace(/\/src\/app\/[^/]*$/, '/dist/app/') : here;
  return new URL('document-reader-thread.js', compiled);
}

/** The thread starts with the first document. The caller closes the reader. */
export function createDocumentReader(options: Omit<DocumentReaderOptions, 'module'>): DocumentReader<ReadingTasks> {
  return new DocumentReader<ReadingTasks>({ ...options, module: threadModule() });
}
