import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

/** The path of an answer: CONTRIBUTING.md says why it hides members in another way. */
const ANSWER_PATH =
  /^src\/(?:(?:tracker|selection|transport)\/|(?:domain\/(?:address|half-sip)-hash|wire\/query-parameters)\.ts$)/;
/** A private constructor has no other form. */
const PRIVATE_KEYWORD = /^\s+(?:constructor\()?private (?!constructor\b)/m;
const PRIVATE_NAME = /\bthis\.#/;

test('classes hide members with #, those on the path of an answer with private', () => {
  const offenders = sourceFiles('src', '.ts').filter((file) =>
    (ANSWER_PATH.test(file) ? PRIVATE_NAME : PRIVATE_KEYWORD).test(readFileSync(file, 'utf8')),
  );
  expect(offenders).toEqual([]);
});
