/** Reads lines from a stream, or from a file that is still being written, a block at a time. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCodeOf } from '../../domain/errors.js';
import { MAX_LINE_CHARACTERS } from './flow.js';

const BLOCK_BYTES = 64 * 1024;
/** How often a followed file is checked. */
const FOLLOW_EVERY_MS = 300;

/** Splits text into lines; an incomplete line waits for the next block. Overlong lines are dropped completely. */
export class LineCutter {
  #rest = '';
  #dropping = false;
  overlong = 0;

  cut(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    if (this.#dropping && lines.length > 0) {
      lines.shift();
      this.#dropping = false;
    }
    if (this.#rest.length > MAX_LINE_CHARACTERS) {
      if (!this.#dropping) this.overlong++;
      this.#dropping = true;
      this.#rest = '';
    }
    return lines.map(withoutReturn).filter((line) => line !== '');
  }

  /** The text after the last line feed. */
  end(): string[] {
    const rest = this.#dropping ? '' : withoutReturn(this.#rest);
    this.#rest = '';
    this.#dropping = false;
    return rest === '' ? [] : [rest];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Blocks of lines until the stream ends. */
export async function* linesOfStream(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string[]> {
  const cutter = new LineCutter();
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    yield cutter.cut(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
  }
  yield cutter.end();
}

/**
 * Blocks of lines of a file from `startAt`, and then of everything appended to it until `signal` aborts. A file that
 * was replaced (rotated) or truncated is read from its beginning.
 */
export async function* linesOfGrowingFile(
  file: string,
  startAt: 'beginning' | 'end',
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  let cutter = new LineCutter();
  let decoder = new TextDecoder();
  let handle: FileHandle | undefined;
  let inode = 0;
  let offset = 0;
  let first = true;
  try {
    while (!signal.aborted) {
      handle ??= await openIfThere(file);
      if (handle !== undefined) {
        const opened = await handle.stat();
        if (first && startAt === 'end') offset = opened.size;
        inode = opened.ino;
        if (opened.size < offset) offset = 0;
        for (;;) {
          const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, offset);
          if (bytesRead === 0) break;
          offset += bytesRead;
          yield cutter.cut(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }));
        }
        if (await wasReplaced(file, inode)) {
          yield cutter.end();
          await handle.close();
          handle = undefined;
          offset = 0;
          cutter = new LineCutter();
          decoder = new TextDecoder();
        }
      }
      first = false;
      await sleep(FOLLOW_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await handle?.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

async function wasReplaced(file: string, inode: number): Promise<boolean> {
  try {
    return (await stat(file)).ino !== inode;
  } catch (thrown) {
    // Between the two steps of a rotation the file is missing; the old one may still be written.
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return errorCodeOf(thrown) === 'ENOENT';
}
