/**
 * Counts the torrents that the operator's own users requested, from the access logs of web caches (draft 4.2). Each crawl
 * reads the lines added since the last one. A line counts for the day it was written.
 */
import type { Clock } from '../../domain/clock.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { parseInfoHash } from '../../domain/info-hash.js';
import type { CrawlState } from '../../store/sqlite/catalogue-crawl-state.js';
import type { Candidate } from '../candidate.js';
import type { CrawlDocumentReader } from '../document-tasks.js';
import { MAX_LOG_BYTES_PER_CRAWL } from '../limits.js';
import type { SourceOfType } from '../source-section.js';
import type { LogReading } from './count-requests.js';
import { logsOf } from './log-files.js';
import { LogTotals } from './log-totals.js';
import { logReading } from './log-window.js';
import { readLog } from './read-log-files.js';

export interface AccessLogOptions {
  readonly state: CrawlState;
  readonly clock: Clock;
  readonly documents: CrawlDocumentReader;
  /** True: counts new lines, but stores nothing. */
  readonly dryRun: boolean;
  readonly onNote: (note: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** @throws OperatorError if no log can be read, or nothing in it */
export async function readAccessLog(
  source: SourceOfType<'access-log'>,
  options: AccessLogOptions,
): Promise<Candidate[]> {
  const { state, clock, dryRun } = options;
  const reading = logReading(source, clock.nowMs());
  const added = new Map<string, number>();
  if (source.file !== undefined) {
    for (const totals of await newRequests(source.name, source.file, reading, options)) {
      for (const counts of totals.byDay.values()) addUp(added, counts);
    }
  }
  const requests = state.requests(source.name, reading.sinceMs);
  if (dryRun) addUp(requests, added);
  return [...requests].map(([target, innerRequests]) =>
    target.startsWith('urn:btih:')
      ? {
          source: source.name,
          infoHash: parseInfoHash(target.slice('urn:btih:'.length)),
          torrentUrls: [],
          innerRequests,
        }
      : { source: source.name, torrentUrls: [target], innerRequests },
  );
}

function addUp(to: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [target, count] of counts) to.set(target, (to.get(target) ?? 0) + count);
}

/** Each log is stored as soon as it is read. One that cannot be read does not stop the others. */
async function newRequests(
  source: string,
  pattern: string,
  reading: LogReading,
  { state, documents, dryRun, onNote, signal }: AccessLogOptions,
): Promise<LogTotals[]> {
  const logs = await logsOf(pattern);
  if (logs.length === 0) throw new OperatorError(`no file matches ${pattern}`, { code: 'file-access' });
  const budget = { bytes: MAX_LOG_BYTES_PER_CRAWL };
  const read: LogTotals[] = [];
  const failures: string[] = [];
  for (const log of logs) {
    const totals = new LogTotals();
    try {
      const position = await readLog(log, state.logPosition(log), { documents, reading, totals, budget, signal });
      const complaint = totals.complaint(log);
      if (complaint !== undefined) throw new Error(complaint);
      if (!dryRun) state.addRequests(source, totals.byDay, position && { file: log, ...position });
      read.push(totals);
      const note = totals.note();
      if (note !== undefined) onNote(`${log}: ${note}`);
    } catch (thrown) {
      signal?.throwIfAborted();
      failures.push(totals.complaint(log) ?? `cannot read the access log ${log}: ${messageOf(thrown)}`);
    }
  }
  if (read.length === 0) throw new OperatorError(failures.join('; '), { code: 'file-access' });
  for (const failure of failures) onNote(failure);
  return read;
}
