/**
 * Reads what was added to an access log since the last crawl, in the file that is written and in those that were rotated away
 * meanwhile. A file is known again by its beginning and its inode, so that a copy (copytruncate), a new name and a
 * compressed file are not read twice.
 */
import type { LogPosition } from '../../store/sqlite/catalogue-crawl-state.js';
import type { CrawlDocumentReader } from '../document-tasks.js';
import { MAX_LOG_LINE_BYTES } from '../limits.js';
import type { LogReading } from './count-requests.js';
import { contentOf, filesOf, HEAD_BYTES, headOf, type LogFile } from './log-files.js';
import type { LogTotals } from './log-totals.js';

const NEWLINE = 0x0a;

export interface LogFileReading {
  readonly documents: CrawlDocumentReader;
  readonly reading: LogReading;
  readonly totals: LogTotals;
  /** Bytes that may still be read; this counts down. */
  readonly budget: { bytes: number };
  readonly signal: AbortSignal | undefined;
}

/**
 * @param log the path of the file that is written
 * @param before where the last crawl stopped; undefined if there was none
 * @returns where this one stopped
 */
export async function readLog(
  log: string,
  before: LogPosition | undefined,
  options: LogFileReading,
): Promise<LogPosition | undefined> {
  const files = await filesOf(log);
  if (files.length === 0) throw new Error('the file does not exist');
  const { first, offset } = await whereToBegin(files, before, options.reading);
  let position: LogPosition | undefined;
  for (const [i, file] of files.slice(first).entries()) {
    if (options.budget.bytes <= 0) break;
    const end = await readFrom(file, i === 0 ? offset : 0, file.path !== log, options);
    const headBytes = Math.min(end, HEAD_BYTES);
    const head = (await headOf(file, headBytes)) ?? '';
    position = { inode: file.inode, offset: end, head, headBytes, modifiedMs: file.modifiedMs };
  }
  return position ?? before;
}

/** The first file to read and where in it. Without an earlier crawl, rotated files count as far as their lines do. */
async function whereToBegin(
  files: readonly LogFile[],
  before: LogPosition | undefined,
  { sinceMs }: LogReading,
): Promise<{ first: number; offset: number }> {
  const modifiedAfter = (ms: number): { first: number; offset: number } => {
    const found = files.findIndex((file) => file.modifiedMs >= ms);
    return { first: found < 0 ? files.length - 1 : found, offset: 0 };
  };
  if (before === undefined) return modifiedAfter(sinceMs);
  for (let i = files.length - 1; i >= 0; i--) {
    if (await isSameFile(files[i]!, before)) return { first: i, offset: before.offset };
  }
  // Emptied in place without a copy.
  const emptied = files.findIndex(({ inode }) => inode === before.inode);
  if (emptied >= 0) return { first: emptied, offset: 0 };
  // What was read last is gone; everything that was written since is new.
  return modifiedAfter(before.modifiedMs + 1);
}

async function isSameFile(file: LogFile, { inode, head, headBytes }: LogPosition): Promise<boolean> {
  if (headBytes === 0) return file.inode === inode;
  return (await headOf(file, headBytes)) === head;
}

/** @param isComplete true: nobody writes the file any more, so its last line may lack an end @returns the new offset */
async function readFrom(
  file: LogFile,
  start: number,
  isComplete: boolean,
  { documents, reading, totals, budget, signal }: LogFileReading,
): Promise<number> {
  const count = async (bytes: Buffer): Promise<void> => {
    if (bytes.length > 0) totals.add(await documents.run('logLines', { bytes, reading }, { about: file.path, signal }));
  };
  let offset = start;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of contentOf(file.path, start)) {
    signal?.throwIfAborted();
    const data = Buffer.concat([rest, chunk]);
    const whole = data.subarray(0, data.lastIndexOf(NEWLINE) + 1);
    await count(whole);
    // An incomplete line waits for its end, unless it exceeds the limit; then it is skipped.
    const consumed = data.length - whole.length > MAX_LOG_LINE_BYTES ? data.length : whole.length;
    offset += consumed;
    budget.bytes -= consumed;
    rest = Buffer.from(data.subarray(consumed));
    if (budget.bytes <= 0) return offset;
  }
  if (!isComplete || rest.length === 0) return offset;
  await count(Buffer.concat([rest, Buffer.from('\n')]));
  return offset + rest.length;
}
