import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.js';

/** The path of an answer: CONTRIBUTING.md says why it hides members in another way. */
const ANSWER_PATH =
  /^src\/(?:(?:tracker|selection|transport)\/|(?:domain\/(?:address-hash|half-sip-hash|siphash|network-set)|wire\/query-parameters)\.ts$)/;
/** A private constructor has no other form. */
const PRIVATE_KEYWORD = /^\s+(?:constructor\()?private (?!constructor\b)/m;
const PRIVATE_NAME = /\bthis\.#/;

test('classes hide members with #; only those on the path of an answer may use private, and none uses both', () => {
  const offenders = sourceFiles('src', '.ts').filter((file) => {
    const text = readFileSync(file, 'utf8');
    return PRIVATE_KEYWORD.test(text) && (!ANSWER_PATH.test(file) || PRIVATE_NAME.test(text));
  });
  expect(offenders).toEqual([]);
});
