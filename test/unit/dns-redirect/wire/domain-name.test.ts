import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalName,
  DnsFormatError,
  isAtOrBelow,
  labelsOf,
  nameFromLabels,
  nameFromText,
  nameToText,
  parentOf,
  putName,
  ROOT_NAME,
  readName,
} from '../../../../src/dns-redirect/wire/domain-name.js';

const anyLabel = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((octets) => String.fromCharCode(...octets));
const anyName = fc.array(anyLabel, { maxLength: 8 }).map(nameFromLabels);

describe('names', () => {
  test('of any octets survive text and bytes', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameFromText(nameToText(name))).toBe(name);
        expect(nameFromLabels(labelsOf(name))).toBe(name);
        const bytes = new Uint8Array(300);
        const end = putName(bytes, 3, name);
        expect(readName(bytes, 3)).toEqual({ name, end });
      }),
    );
  });

  test.each([
    ['www.Example.', '\x03www\x07Example\0'],
    ['.', ROOT_NAME],
    ['a\\.b.c', '\x03a.b\x01c\0'],
    ['a\\255', '\x02a\xff\0'],
    ['end\\.', '\x04end.\0'],
    ['end\\\\.', '\x04end\\\0'],
  ])('%s is read as in a zone file', (text, name) => {
    expect(nameFromText(text)).toBe(name);
  });

  test.each(['a..b', '.a', 'a'.repeat(64), `${'a'.repeat(63)}.`.repeat(4), 'ü€'])('%s is refused', (text) => {
    expect(() => nameFromText(text)).toThrow(DnsFormatError);
  });

  test('are compared in lower case, and by whole labels', () => {
    const name = canonicalName(nameFromText('WWW.PopulAr.Example'));
    expect(name).toBe(nameFromText('www.popular.example'));
    expect(parentOf(name)).toBe(nameFromText('popular.example'));
    expect(parentOf(ROOT_NAME)).toBe(ROOT_NAME);
    expect(isAtOrBelow(name, nameFromText('popular.example'))).toBe(true);
    expect(isAtOrBelow(name, name)).toBe(true);
    expect(isAtOrBelow(name, ROOT_NAME)).toBe(true);
    expect(isAtOrBelow(nameFromText('unpopular.example'), nameFromText('popular.example'))).toBe(false);
    expect(isAtOrBelow(nameFromText('example'), nameFromText('popular.example'))).toBe(false);
    // The last octets are those of `example`, but they begin inside a label.
    expect(isAtOrBelow(nameFromLabels(['x\x07example']), nameFromText('example'))).toBe(false);
  });

  test.each([
    ['a pointer to itself', [0xc0, 0]],
    ['a pointer forwards', [0xc0, 2, 0]],
    ['a label without its end', [5, 97]],
    ['a pointer without its end', [0xc0]],
    ['a reserved label type', [0x40, 0]],
    ['nothing', []],
  ])('%s is malformed', (_, bytes) => {
    expect(() => readName(Uint8Array.from(bytes), 0)).toThrow(DnsFormatError);
  });
});
