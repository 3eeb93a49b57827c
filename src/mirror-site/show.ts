/** Formats sizes, counts and times for people, in their language. */
import { html, type Markup } from '../markup/markup.js';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const RATES = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];
const AGES: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
/** ECMAScript has no later or earlier date. */
const MAX_DATE_MS = 8.64e15;

/** Decimal units, as for disks and lines: 1 kB = 1,000 bytes. */
export function showBytes(bytes: number | undefined, language = 'en'): string {
  if (bytes === undefined) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${formatsOf(language)[digits].format(value)} ${UNITS[unit]}`;
}

/** Decimal units, rounded: bit/s to Tbit/s. */
export function showRate(bitsPerSecond: number, language: string): string {
  const unit = Math.min(RATES.length - 1, Math.max(0, Math.floor(Math.log10(bitsPerSecond) / 3)));
  return `${formatsOf(language)[0].format(bitsPerSecond / 1_000 ** unit)} ${RATES[unit]}`;
}

export function showCount(count: number | undefined, language = 'en'): string {
  return count === undefined ? '–' : formatsOf(language).count.format(count);
}

/** “3 days ago”, and the exact time for programs and as a hint. */
export function showAge(ms: number, nowMs: number, language: string): Markup | string {
  if (!(Math.abs(ms) <= MAX_DATE_MS)) return '–';
  const [unit, unitMs] = AGES.find(([, length]) => Math.abs(nowMs - ms) >= length) ?? (['minute', 60_000] as const);
  const age = formatsOf(language).age.format(Math.round((ms - nowMs) / unitMs), unit);
  const exact = new Date(ms).toISOString();
  return html`<time datetime="${exact}" title="${exact.slice(0, 16).replace('T', ' ')} UTC">${age}</time>`;
}

interface Formats {
  readonly 0: Intl.NumberFormat;
  readonly 1: Intl.NumberFormat;
  readonly count: Intl.NumberFormat;
  readonly age: Intl.RelativeTimeFormat;
}

/** By language: making one takes longer than a page of numbers. */
const formats = new Map<string, Formats>();

function formatsOf(language: string): Formats {
  const known = formats.get(language);
  if (known !== undefined) return known;
  const locale = language === 'en' ? 'en-GB' : language;
  const made = {
    0: new Intl.NumberFormat(locale, { maximumFractionDigits: 0, useGrouping: false }),
    1: new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    count: new Intl.NumberFormat(locale),
    age: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }),
  };
  formats.set(language, made);
  return made;
}
