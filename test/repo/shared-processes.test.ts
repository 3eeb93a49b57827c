/** Test files that share a process must not replace modules: the next file would get the replaced ones. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALONE } from '../../vitest.config.js';
import { sourceFiles } from './source-files.js';

test('every test file that replaces a module has a process of its own', () => {
  const alone = ALONE.map((pattern) => pattern.replace('/**/*.test.ts', '/'));
  const shared = sourceFiles('test', '.test.ts').filter((file) => !alone.some((start) => file.startsWith(start)));
  expect(shared.filter((file) => /\bvi\.(?:mock|doMock|resetModules)\(/.test(readFileSync(file, 'utf8')))).toEqual([]);
});
