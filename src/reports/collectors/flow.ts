/** Traffic as collectors report it, in every format. */

/** Bytes between two addresses, or of one subscriber; sampling is already multiplied in. */
export interface Flow {
  /** On the collector's clock; undefined if it states none: then the time of reading replaces it. */
  readonly timeMs: number | undefined;
  readonly bytes: number;
  /** Address as text; undefined if the record has only one side. */
  readonly source: string | undefined;
  readonly destination: string | undefined;
}

/** `skip`: a line of the format without traffic. `broken`: the reason why it is unreadable. */
export type LineResult =
  | { readonly kind: 'flow'; readonly flow: Flow }
  | { readonly kind: 'skip' }
  | { readonly kind: 'broken'; readonly reason: string };

/** Parses one line per call; CSV remembers its heading. */
export type LineReader = (line: string) => LineResult;

/** A longer line is not a record of any of the formats. */
export const MAX_LINE_CHARACTERS = 64 * 1024;

export const SKIP: LineResult = { kind: 'skip' };

export function broken(reason: string): LineResult {
  return { kind: 'broken', reason };
}

/** Accepts numbers and decimal text (protobuf's JSON writes 64-bit numbers so). undefined: not a count. */
export function countOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.0+)?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && Number.isSafeInteger(number) ? number : undefined;
}

/** A rate of 0 or none means that the traffic was not sampled. */
export function samplingRateOf(value: unknown): number {
  return Math.max(1, countOf(value) ?? 1);
}

/**
 * Seconds, milliseconds or nanoseconds since the epoch (distinguished by their size), or a date and time, in UTC if it
 * has no zone. Zero, and the year 0000 or 1970 that collectors write for "unknown", give undefined.
 */
export function timeOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'number' ? value : Number(value);
  if (Number.isFinite(number)) {
    const milliseconds =
      number > 1e17 ? number / 1e6 : number > 1e14 ? number / 1e3 : number > 1e11 ? number : number * 1e3;
    return milliseconds < OLDEST_TIME_MS ? undefined : Math.floor(milliseconds);
  }
  const text = String(value).trim();
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,3})?\d*\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text);
  if (!parts) return undefined;
  const parsed = Date.parse(`${parts[1]}T${parts[2]}${parts[3] ?? ''}${parts[4] ?? 'Z'}`);
  return Number.isNaN(parsed) || parsed < OLDEST_TIME_MS ? undefined : parsed;
}

/** 2000-01-01: an older time comes from a clock that was never set. */
const OLDEST_TIME_MS = 946_684_800_000;

/** Parses the object of a line of JSON. */
export function objectOfLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
