/** Numbers, sizes, dates and info-hashes as sites write them. What cannot be right is unknown, not truncated. */
import type { InfoHash } from '../../domain/info-hash.js';
import { parseMagnet } from '../../wire/metainfo-magnet.js';

/** Characters of a value, with its separators. */
const MAX_VALUE_CHARACTERS = 64;
/** BitTorrent is from 2001. */
const FIRST_YEAR_MS = Date.UTC(2001, 0, 1);
const DAY_MS = 86_400_000;
/** The largest torrents have some tens of terabytes. */
const MAX_CONTENT_BYTES = 1e15;
const BYTES_OF: Readonly<Record<string, number>> = { '': 1, k: 1, m: 2, g: 3, t: 4 };
/** Epoch times below this are seconds, above it milliseconds. */
const SECONDS_END = 1e11;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/;

/** `1234567`, `1,234,567`, `1.4 GiB`, `700 MB`; a number without a unit is bytes. @returns bytes */
export function parseContentSize(text: string | undefined): number | undefined {
  const value = shortValue(text);
  const match = /^([\d.,]{1,30})\s{0,4}(?:bytes?|([kmgt]?)(i?)b?)$/i.exec(value);
  if (match === null) return undefined;
  const [, written, unit = '', binary = ''] = match;
  const number = unit === '' ? Number(written!.replace(/,/g, '')) : decimal(written!);
  // Most sites mean powers of 1,024 whether they write GB or GiB; the difference is 7 % at a gigabyte.
  const base = binary === '' && unit === '' ? 1 : 1_024;
  const bytes = Math.round(number * base ** (unit === '' ? 0 : BYTES_OF[unit.toLowerCase()]!));
  return bytes > 0 && bytes <= MAX_CONTENT_BYTES ? bytes : undefined;
}

/** The last separator is the decimal one, unless three digits follow it and it occurs again. */
function decimal(written: string): number {
  const last = Math.max(written.lastIndexOf('.'), written.lastIndexOf(','));
  if (last < 0) return Number(written);
  return Number(`${written.slice(0, last).replace(/[.,]/g, '')}.${written.slice(last + 1)}`);
}

/** RFC 822 and ISO 8601 dates, and seconds or milliseconds since the Unix epoch. A date without a zone is UTC. */
export function parsePublished(text: string | undefined, nowMs: number): number | undefined {
  const value = shortValue(text);
  // Date.parse makes a date of almost any number.
  if (!/\d{4}/.test(value)) return undefined;
  const number = /^\d{9,14}(?:\.\d{1,9})?$/.test(value) ? Number(value) : undefined;
  const ms =
    number === undefined
      ? Date.parse(WITHOUT_ZONE.test(value) ? `${value.replace(' ', 'T')}Z` : value)
      : number < SECONDS_END
        ? number * 1_000
        : number;
  return ms >= FIRST_YEAR_MS && ms <= nowMs + DAY_MS ? Math.round(ms) : undefined;
}

/** 40 hex digits, or 32 letters and digits in base32 (BEP 9), with or without `urn:btih:`. */
export function parseAnyInfoHash(text: string | undefined): InfoHash | undefined {
  const value = shortValue(text).replace(/^urn:btih:/i, '');
  const isInfoHash = /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i.test(value);
  return isInfoHash ? parseMagnet(`magnet:?xt=urn:btih:${value}`).infoHash : undefined;
}

function shortValue(text: string | undefined): string {
  const value = text?.trim() ?? '';
  return value.length > MAX_VALUE_CHARACTERS ? '' : value;
}
