import { expect, it } from 'vitest';
import { parseContentSize, parsePublished } from '../../../../src/crawler/sources/field-values.js';

it.each([
  ['1234567', 1_234_567],
  ['1,234,567', 1_234_567],
  ['1.5 GiB', 1_610_612_736],
  ['1,5 GB', 1_610_612_736],
  ['700 MB', 734_003_200],
  ['2T', 2_199_023_255_552],
  ['12 bytes', 12],
  ['0', undefined],
  ['-5', undefined],
  ['big', undefined],
  ['1.2.3 GB', 13_207_024_435],
  ['99999999999999999999', undefined],
])('size %s', (text, bytes) => {
  expect(parseContentSize(text)).toBe(bytes);
});

it.each([
  ['Sat, 21 Nov 2026 10:00:00 GMT', Date.UTC(2026, 10, 21, 10)],
  ['2026-11-21T10:00:00+02:00', Date.UTC(2026, 10, 21, 8)],
  ['2026-11-21 10:00:00', Date.UTC(2026, 10, 21, 10)],
  ['2026-11-21', Date.UTC(2026, 10, 21)],
  ['1795255200', 1_795_255_200_000],
  ['1795255200123', 1_795_255_200_123],
  ['1970-01-01', undefined],
  ['2199-01-01', undefined],
  ['yesterday', undefined],
  ['12', undefined],
])('date %s', (text, ms) => {
  expect(parsePublished(text, Date.UTC(2026, 10, 22))).toBe(ms);
});
