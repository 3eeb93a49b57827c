import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DocumentReader, type DocumentReaderOptions } from '../../../src/document-reader/document-reader.js';
import type { Tasks } from '../../../src/document-reader/serve-tasks.js';
import { ClientError, OperatorError } from '../../../src/domain/errors.js';

type CostlyTasks = Tasks & { readonly echo: (input: unknown) => unknown };

const about = 'http://site.example/feed.xml';
const module = new URL('../../support/costly-tasks.mjs', import.meta.url);
let reader: DocumentReader<CostlyTasks>;

function readerWith(options: Partial<DocumentReaderOptions> = {}): DocumentReader<CostlyTasks> {
  return new DocumentReader<CostlyTasks>({ module, name: 'test', ...options });
}

const run = (task: string, input: unknown = undefined, signal?: AbortSignal): Promise<unknown> =>
  reader.run(task, input as never, { about, signal });

beforeEach(() => {
  reader = readerWith({ maxReadMs: 300, maxHeapMb: 32 });
});
afterEach(() => reader.close());

describe('reading in a thread', () => {
  it('returns results in order, bytes among them', async () => {
    expect(await Promise.all([1, 2, 3].map((n) => run('echo', n)))).toEqual([1, 2, 3]);
    expect(await run('echo', Buffer.from('torrent'))).toEqual(new Uint8Array(Buffer.from('torrent')));
  });

  it('has a small young generation, however large its heap may become', async () => {
    await reader.close();
    reader = readerWith();
    expect(await run('limits')).toMatchObject({ maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 });
  });

  it('keeps the kinds of error apart', async () => {
    const refused = await run('refuse').catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ClientError);
    expect(refused).toMatchObject({ code: 'invalid-document', message: 'that is not a feed' });
    const misconfigured = await run('misconfigured').catch((thrown: unknown) => thrown);
    expect(misconfigured).toBeInstanceOf(OperatorError);
    expect(misconfigured).toMatchObject({ exitCode: 1 });
    const failed = await run('fail').catch((thrown: unknown) => thrown);
    expect(failed).not.toBeInstanceOf(ClientError);
    expect(failed).toMatchObject({ message: 'a defect', stack: expect.stringContaining('costly-tasks') });
    await expect(run('unknown')).rejects.toThrow('no task "unknown"');
    await expect(run('echo', () => undefined)).rejects.toThrow(/could not be cloned/);
    expect(await run('echo', 'still there')).toBe('still there');
  });
});

describe('what exceeds a limit', () => {
  it.each([
    ['loop', undefined],
    ['backtrack', 60],
  ])('ends after the time limit with a reason (%s), and what waits is read', async (task, input) => {
    const [costly, next] = await Promise.allSettled([run(task, input), run('echo', 'next')]);
    expect(costly).toMatchObject({
      status: 'rejected',
      reason: { code: 'too-costly', message: `${about} took longer than 0.3 s to read; skipped` },
    });
    expect(costly.status === 'rejected' && costly.reason).toBeInstanceOf(ClientError);
    expect(next).toEqual({ status: 'fulfilled', value: 'next' });
  });

  it('ends at the memory limit with a reason, and what waits is read', async () => {
    await reader.close();
    reader = readerWith({ maxReadMs: 20_000, maxHeapMb: 32 });
    const [costly, next] = await Promise.allSettled([run('hoard'), run('echo', 'next')]);
    expect(costly).toMatchObject({
      status: 'rejected',
      reason: { code: 'too-costly', message: `${about} takes more than 32 MB of memory to read; skipped` },
    });
    expect(next).toEqual({ status: 'fulfilled', value: 'next' });
  });

  it('survives a thread that ends by itself, and one that cannot start', async () => {
    await expect(run('end')).rejects.toThrow('ended with code 3');
    expect(await run('echo', 1)).toBe(1);
    const broken = readerWith({ module: new URL('missing.mjs', import.meta.url) });
    await expect(broken.run('echo', 1, { about })).rejects.toThrow(/Cannot find module/);
    await expect(broken.run('echo', 1, { about })).rejects.toThrow(/Cannot find module/);
    await broken.close();
  });

  it('refuses more documents than may wait', async () => {
    await reader.close();
    reader = readerWith({ maxWaiting: 1 });
    const results = await Promise.allSettled([run('echo', 1), run('echo', 2), run('echo', 3)]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { code: 'reader-busy' } });
  });
});

describe('stopping', () => {
  it('ends the reading of an aborted document at once, and of no other', async () => {
    await reader.close();
    reader = readerWith();
    const [current, waiting, early] = [new AbortController(), new AbortController(), AbortSignal.abort()];
    const hung = run('loop', undefined, current.signal);
    const never = run('loop', undefined, waiting.signal);
    const next = run('echo', 'next');
    waiting.abort();
    await expect(never).rejects.toThrow(/abort/);
    await run('echo', 1, early).catch((thrown: Error) => expect(thrown.name).toBe('AbortError'));
    current.abort(new Error('stop the crawl'));
    await expect(hung).rejects.toThrow('stop the crawl');
    expect(await next).toBe('next');
  });

  it('closes in the middle of a document, and reads nothing afterwards', async () => {
    await reader.close();
    reader = readerWith();
    const results = Promise.allSettled([run('loop'), run('echo', 1)]);
    await reader.close();
    expect((await results).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await expect(run('echo', 1)).rejects.toThrow(/closed/);
  });
});
