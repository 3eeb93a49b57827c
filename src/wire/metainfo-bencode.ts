/**
 * A strict bencode scanner (BEP 3). It finds the byte spans of values and does not build them, so that values which are
 * not read keep their bytes. It refuses second encodings of the same value: leading zeros, `-0`, keys that are not
 * strings. It does not check the order of keys, because real files break it and clients accept them.
 */
import { ClientError } from '../domain/errors.js';
import {
  MAX_BENCODE_DEPTH,
  MAX_BENCODE_VALUES,
  MAX_DICTIONARY_KEYS,
  MAX_INTEGER_DIGITS,
  MAX_LENGTH_DIGITS,
} from './metainfo-limits.js';

/** Byte offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface DictionaryEntry {
  /** The key's bytes as Latin-1, one character per byte, so that comparing strings compares bytes. */
  readonly key: string;
  readonly keyStart: number;
  readonly value: Span;
}

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const MINUS = 0x2d;
const DICTIONARY = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;

/** Of the lists and dictionaries around the current value. Shared by all scans, which are short and very many. */
const states = new Uint8Array(MAX_BENCODE_DEPTH);
const IN_LIST = 0;
const IN_DICTIONARY_BEFORE_KEY = 1;
const IN_DICTIONARY_BEFORE_VALUE = 2;

function malformed(what: string, at: number): ClientError {
  return new ClientError('invalid-bencode', `not valid bencode at byte ${at}: ${what}`);
}

/**
 * Scans the value at `start` and checks every byte of it.
 * @returns the offset after it
 * @throws ClientError `invalid-bencode`
 */
export function scanValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  let values = 0;
  do {
    if (at >= bytes.length) throw malformed('it ends in the middle of a value', at);
    if (++values > MAX_BENCODE_VALUES) throw malformed(`more than ${MAX_BENCODE_VALUES} values`, at);
    const byte = bytes[at]!;
    const state = depth === 0 ? IN_LIST : states[depth - 1]!;
    if (byte === END) {
      if (depth === 0) throw malformed('a value is expected', at);
      if (state === IN_DICTIONARY_BEFORE_VALUE) throw malformed('a key without a value', at);
      depth--;
      at++;
      continue;
    }
    const isString = byte >= DIGIT_0 && byte <= DIGIT_9;
    if (state === IN_DICTIONARY_BEFORE_KEY) {
      if (!isString) throw malformed('a key must be a string', at);
      states[depth - 1] = IN_DICTIONARY_BEFORE_VALUE;
    } else if (state === IN_DICTIONARY_BEFORE_VALUE) {
      states[depth - 1] = IN_DICTIONARY_BEFORE_KEY;
    }
    if (isString) {
      at = stringContent(bytes, at).end;
    } else if (byte === INTEGER) {
      at = scanInteger(bytes, at);
    } else if (byte === LIST || byte === DICTIONARY) {
      if (depth === MAX_BENCODE_DEPTH) throw malformed(`nested deeper than ${MAX_BENCODE_DEPTH}`, at);
      states[depth++] = byte === LIST ? IN_LIST : IN_DICTIONARY_BEFORE_KEY;
      at++;
    } else {
      throw malformed('neither string, integer, list nor dictionary', at);
    }
  } while (depth > 0);
  return at;
}

/** The span of a string's content. @throws ClientError `invalid-bencode` */
export function stringContent(bytes: Uint8Array, start: number): Span {
  let at = start;
  let length = 0;
  while (at < bytes.length && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) {
    if (at - start === MAX_LENGTH_DIGITS) throw malformed('a string is too long', start);
    length = length * 10 + (bytes[at]! - DIGIT_0);
    at++;
  }
  if (at === start || bytes[at] !== COLON) throw malformed('a string is expected', start);
  if (bytes[start] === DIGIT_0 && at - start > 1) throw malformed('a length with a leading zero', start);
  const end = at + 1 + length;
  if (end > bytes.length) throw malformed('a string ends past the file', start);
  return { start: at + 1, end };
}

function scanInteger(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  if (bytes[at] === MINUS) at++;
  const firstDigit = at;
  while (at < bytes.length && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) at++;
  const digits = at - firstDigit;
  if (digits === 0 || bytes[at] !== END) throw malformed('an integer is expected', start);
  if (digits > MAX_INTEGER_DIGITS) throw malformed('an integer is too long', start);
  const negative = firstDigit === start + 2;
  if (bytes[firstDigit] === DIGIT_0 && (digits > 1 || negative))
    throw malformed('an integer with a leading zero', start);
  return at + 1;
}

/** The same bytes. Readers that make many strings of them call it once at their start. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function isDictionary(bytes: Uint8Array, value: Span): boolean {
  return bytes[value.start] === DICTIONARY;
}

export function isList(bytes: Uint8Array, value: Span): boolean {
  return bytes[value.start] === LIST;
}

export function isString(bytes: Uint8Array, value: Span): boolean {
  const byte = bytes[value.start];
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** The integer at a scanned span; undefined if it is not an integer or not exactly representable. */
export function integerAt(bytes: Uint8Array, value: Span): number | undefined {
  if (bytes[value.start] !== INTEGER) return undefined;
  const number = Number(bufferOf(bytes).toString('latin1', value.start + 1, value.end - 1));
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The content of the string at a scanned span, without a copy; undefined if it is not a string. */
export function stringAt(bytes: Uint8Array, value: Span): Buffer | undefined {
  if (!isString(bytes, value)) return undefined;
  const content = stringContent(bytes, value.start);
  return bufferOf(bytes).subarray(content.start, content.end);
}

/**
 * The entries of a dictionary in the order of the file.
 * @throws ClientError `invalid-bencode` if it is malformed or repeats a key (readers differ in which one they use)
 */
export function dictionaryEntries(bytes: Uint8Array, start: number): { entries: DictionaryEntry[]; end: number } {
  if (bytes[start] !== DICTIONARY) throw malformed('a dictionary is expected', start);
  const entries: DictionaryEntry[] = [];
  const keys = new Set<string>();
  let at = start + 1;
  while (bytes[at] !== END) {
    if (at >= bytes.length) throw malformed('it ends in the middle of a dictionary', at);
    const { key, valueStart } = dictionaryKey(bytes, at, keys);
    const end = scanValue(bytes, valueStart);
    entries.push({ key, keyStart: at, value: { start: valueStart, end } });
    at = end;
  }
  return { entries, end: at + 1 };
}

/**
 * The key of a dictionary at this offset and the start of its value; for descending without scanning values.
 * @param keys the preceding keys of the dictionary; this key is added
 * @throws ClientError `invalid-bencode` if the key is malformed or repeated
 */
export function dictionaryKey(bytes: Uint8Array, at: number, keys: Set<string>): { key: string; valueStart: number } {
  const content = stringContent(bytes, at);
  const key = bufferOf(bytes).toString('latin1', content.start, content.end);
  if (keys.has(key)) throw malformed(`the key "${key.slice(0, 40)}" appears twice`, at);
  if (keys.size === MAX_DICTIONARY_KEYS) throw malformed(`a dictionary of more than ${MAX_DICTIONARY_KEYS} keys`, at);
  keys.add(key);
  return { key, valueStart: content.end };
}

export function isDictionaryEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === END;
}

/** The items of a list. @throws ClientError `invalid-bencode` */
export function listItems(bytes: Uint8Array, start: number): Span[] {
  if (bytes[start] !== LIST) throw malformed('a list is expected', start);
  const items: Span[] = [];
  let at = start + 1;
  while (bytes[at] !== END) {
    const end = scanValue(bytes, at);
    items.push({ start: at, end });
    at = end;
  }
  return items;
}

/** A bencoded string. */
export function encodeString(content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return Buffer.concat([Buffer.from(`${bytes.length}:`, 'latin1'), bytes]);
}

/** A bencoded list of values that are already encoded. */
export function encodeList(items: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from('l'), ...items, Buffer.from('e')]);
}
