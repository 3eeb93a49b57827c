/**
 * Counts the torrents that the operator's own users requested, from the access log of a web cache (draft 4.2). Each
 * crawl reads the lines added since the last one, including the end of a file that was rotated in between.
 */
import { open, stat } from 'node:fs/promises';
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { parseInfoHash } from '../domain/info-hash.js';
import type { CrawlState, LogPosition } from '../store/sqlite/catalogue-crawl-state.js';
import type { Candidate } from './candidate.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { MAX_LOG_BYTES_PER_CRAWL, MAX_LOG_LINE_BYTES, MAX_LOG_TARGETS } from './limits.js';

/** Only requests of the last days count; demand of last month is outdated. */
const WINDOW_MS = 7 * 86_400_000;
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
/** Suffixes that logrotate and squid give the previous file. */
const ROTATED_SUFFIXES = ['.1', '.0'];

export interface AccessLogOptions {
  readonly file: string;
  readonly source: string;
  readonly state: CrawlState;
  readonly clock: Clock;
  readonly documents: CrawlDocumentReader;
  /** True: counts new lines, but stores nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** @throws OperatorError if the log cannot be read */
export async function readAccessLog(options: AccessLogOptions): Promise<Candidate[]> {
  const { file, source, state, clock } = options;
  const nowMs = clock.nowMs();
  const counts = new Map<string, number>();
  const position = await countNewRequests(options, counts);
  if (!options.dryRun) state.addRequests(source, file, position, counts, nowMs);
  const totals = state.requests(source, nowMs - WINDOW_MS);
  if (options.dryRun) for (const [target, count] of counts) totals.set(target, (totals.get(target) ?? 0) + count);
  return [...totals].map(([target, innerRequests]) =>
    target.startsWith('urn:btih:')
      ? { source, infoHash: parseInfoHash(target.slice('urn:btih:'.length)), torrentUrls: [], innerRequests }
      : { source, torrentUrls: [target], innerRequests },
  );
}

async function countNewRequests(options: AccessLogOptions, counts: Map<string, number>): Promise<LogPosition> {
  const { file, state, signal } = options;
  try {
    const { ino: inode, size } = await stat(file);
    const before = state.logPosition(file);
    if (before !== undefined && before.inode !== inode) {
      for (const suffix of ROTATED_SUFFIXES) {
        const rotated = await stat(file + suffix).catch(() => undefined);
        if (rotated?.ino === before.inode) await countLines(options, file + suffix, before.offset, counts);
      }
    }
    // A file that shrank was truncated in place (logrotate's copytruncate).
    const grown = before !== undefined && before.inode === inode && before.offset <= size;
    return { inode, offset: await countLines(options, file, grown ? before.offset : 0, counts) };
  } catch (thrown) {
    signal?.throwIfAborted();
    throw new OperatorError(`cannot read the access log ${file}: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

/** @returns the offset after the last complete line that was read */
async function countLines(
  { documents, signal }: AccessLogOptions,
  file: string,
  start: number,
  counts: Map<string, number>,
): Promise<number> {
  const handle = await open(file);
  try {
    let offset = start;
    let rest = Buffer.alloc(0);
    while (offset - start < MAX_LOG_BYTES_PER_CRAWL) {
      signal?.throwIfAborted();
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, offset + rest.length);
      if (bytesRead === 0) break;
      const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const whole = data.subarray(0, data.lastIndexOf(NEWLINE) + 1);
      for (const [target, count] of await documents.run('logLines', whole, { about: file, signal })) {
        const before = counts.get(target);
        if (before !== undefined || counts.size < MAX_LOG_TARGETS) counts.set(target, (before ?? 0) + count);
      }
      // An incomplete line waits for its end, unless it exceeds the limit; then it is skipped.
      const consumed = data.length - whole.length > MAX_LOG_LINE_BYTES ? data.length : whole.length;
      offset += consumed;
      rest = Buffer.from(data.subarray(consumed));
    }
    return offset;
  } finally {
    await handle.close();
  }
}
