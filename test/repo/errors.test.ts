/** One way for errors: every code is in one catalogue, and docs/errors.md says what to do about it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/domain/error-catalogue.js';
import { sourceFiles } from './source-files.js';

const files = sourceFiles('src', '.ts').map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** `| \`code\` | 404 | 1 | title | what to do |` of docs/errors.md; `–` where callers never see it. */
function documented(): { code: string; status: string; exitCode: string; title: string; remedy: string }[] {
  const rows = readFileSync('docs/errors.md', 'utf8').matchAll(
    /^\| `([a-z-]+)` \| (\d{3}|–) \| (\d) \| ([^|]+) \| ([^|]+) \|$/gm,
  );
  return [...rows].map(([, code, status, exitCode, title, remedy]) => ({
    code: code!,
    status: status!,
    exitCode: exitCode!,
    title: title!,
    remedy: remedy!,
  }));
}

describe('the catalogue of errors', () => {
  test('is the table of docs/errors.md, in its order', () => {
    const rows = Object.entries(ERROR_CATALOGUE).map(([code, entry]) => ({
      code,
      status: 'status' in entry ? String(entry.status) : '–',
      exitCode: String(entry.exitCode),
      title: entry.title,
    }));
    expect(documented().map(({ remedy, ...row }) => row)).toEqual(rows);
  });

  test('has no code that nothing reports', () => {
    const elsewhere = files
      .filter(({ path }) => path !== 'src/domain/error-catalogue.ts')
      .map(({ text }) => text)
      .join('\n');
    const unused = Object.keys(ERROR_CATALOGUE).filter((code) => !elsewhere.includes(`'${code}'`));
    // The three that the tracker says of a torrent are made of the verdict's name.
    expect(unused).toEqual(['torrent-not-listed', 'torrent-private', 'torrent-denied']);
  });
});

describe('errors are distinguished by their code', () => {
  test.each([
    ['a cast to an error of Node.js (errorCodeOf does it)', /NodeJS\.ErrnoException/],
    ['a cast of what was thrown', /\b(?:thrown|cause|error) as \{/],
    ['the words of a message', /\bmessage\.(?:startsWith|endsWith|match|search)\(|\.(?:test|exec)\(\w+\.message\)/],
    ['the words of a message', /messageOf\(\w+\)\.(?:startsWith|endsWith|includes|match|search)\(/],
  ])('not by %s', (_what, pattern) => {
    expect(files.filter(({ text }) => pattern.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
