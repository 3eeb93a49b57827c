/**
 * The kinds of value that a configuration is made of: durations, sizes, prefixes, listen addresses … Each says in its
 * error what would be right. Values come out as the domain's own (`Prefix`, `Asn`, milliseconds, bytes).
 */
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { type Asn, parseAsn } from '../domain/asn.js';
import { messageOf } from '../domain/errors.js';
import { type IpAddress, type Prefix, parseIp, parsePrefix } from '../domain/ip-address.js';
import { suggestName } from './suggest-name.js';
import { parseDurationMs, parseRateBytesPerSecond, parseSizeBytes, parseTimeOfDayMinutes } from './units.js';

/** A field whose value is a number of this unit: the key `interval` of the file is `intervalMs` in the program. */
export interface InUnit<Unit extends string> {
  readonly unit: Unit;
}

type NameInProgram<Key, Schema> =
  Schema extends InUnit<infer Unit> ? (Key extends `${infer Of}Size` ? `${Of}${Unit}` : `${Key & string}${Unit}`) : Key;

type Fields<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape, z.core.$strict>>;
type Section<Shape extends z.ZodRawShape> = {
  [Key in keyof Fields<Shape> as NameInProgram<Key, Shape[Key & keyof Shape]>]: Fields<Shape>[Key];
} & {};

/** @returns `intervalMs` for `interval`, `maxPageBytes` for `maxPageSize`, and the key itself for a field without a unit */
export function nameInProgram(key: string, schema: object): string {
  return 'unit' in schema ? key.replace(/Size$/, '') + String(schema.unit) : key;
}

/** An object of exactly these keys. The message has one line for each unknown key, in the order of `issue.keys`. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z
    .strictObject(shape, {
      error: (issue) => {
        if (issue.code === 'invalid_type') return `expected keys (${known.join(', ')}); write {} for the defaults`;
        if (issue.code !== 'unrecognized_keys') return undefined;
        return (issue.keys as string[]).map((key) => unknownKeyMessage(key, known)).join('\n');
      },
    })
    .transform(
      (fields) =>
        Object.fromEntries(
          Object.entries(fields).map(([key, value]) => [nameInProgram(key, shape[key]!), value]),
        ) as Section<Shape>,
    );
}

/** A value, or a list of such values; kept as it is written, see {@link listed}. @param what one of them, for the error */
export function oneOrMore<Schema extends z.ZodType>(schema: Schema, what: string) {
  const list = z.array(schema).min(1, { error: `give at least one ${what}` });
  return z.union([schema, list], { error: `expected one ${what}, or a list of them` });
}

/** The values of {@link oneOrMore}, each with its place below the key. */
export function listed<T extends object>(
  value: T | readonly T[],
): { readonly value: T; readonly path: readonly number[] }[] {
  return isList(value) ? value.map((each, i) => ({ value: each, path: [i] })) : [{ value, path: [] }];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  const near = suggestName(key, known);
  return near === undefined
    ? `unknown key; known here: ${known.join(', ')}`
    : `unknown key; did you mean "${near}"? (known here: ${known.join(', ')})`;
}

/** Text → value by a parser that throws; its message becomes the problem. */
function parsed<T>(expected: string, parse: (text: string) => T) {
  return z.string({ error: `expected ${expected}` }).transform((text, context): T => {
    try {
      return parse(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: messageOf(thrown) });
      return z.NEVER;
    }
  });
}

function parsedOrRefused<T>(expected: string, parse: (text: string) => T | undefined) {
  return parsed(expected, (text) => {
    const value = parse(text);
    if (value === undefined) throw new Error(`"${text}" is not ${expected}`);
    return value;
  });
}

/** Milliseconds. @param byDefault as an operator would write it */
export function duration(minimum: string, maximum: string, byDefault: string) {
  return Object.assign(durationMs(minimum, maximum).prefault(byDefault), { unit: 'Ms' as const });
}

/** The same in whole seconds, rounded up. */
export function durationInSeconds(minimum: string, maximum: string, byDefault: string) {
  const seconds = durationMs(minimum, maximum).transform((ms) => Math.ceil(ms / 1_000));
  return Object.assign(seconds.prefault(byDefault), { unit: 'Seconds' as const });
}

/** Like {@link duration}, but without a default. */
export function optionalDuration(minimum: string, maximum: string) {
  return Object.assign(durationMs(minimum, maximum).optional(), { unit: 'Ms' as const });
}

function durationMs(minimum: string, maximum: string) {
  const minimumMs = parseDurationMs(minimum)!;
  const maximumMs = parseDurationMs(maximum)!;
  const expected = `a duration with its unit (ms, s, m, h, d), e.g. "30m"`;
  return parsedOrRefused(expected, parseDurationMs).refine((ms) => ms >= minimumMs && ms <= maximumMs, {
    error: `must be from ${minimum} to ${maximum}`,
  });
}

/** Bytes. @param byDefault as an operator would write it */
export function size(minimum: string, maximum: string, byDefault: string) {
  return Object.assign(sizeBytes(minimum, maximum).prefault(byDefault), { unit: 'Bytes' as const });
}

/** The same without a default. */
export function requiredSize(minimum: string, maximum: string) {
  return Object.assign(sizeBytes(minimum, maximum), { unit: 'Bytes' as const });
}

function sizeBytes(minimum: string, maximum: string) {
  const minimumBytes = parseSizeBytes(minimum)!;
  const maximumBytes = parseSizeBytes(maximum)!;
  const expected = 'a size with its unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), e.g. "8MiB"';
  return parsedOrRefused(expected, parseSizeBytes).refine((n) => n >= minimumBytes && n <= maximumBytes, {
    error: `must be from ${minimum} to ${maximum}`,
  });
}

/** Bytes per second; undefined if it is not written. */
export function optionalRate(minimum: string, maximum: string) {
  const least = parseRateBytesPerSecond(minimum)!;
  const most = parseRateBytesPerSecond(maximum)!;
  const expected = 'a rate with its unit (kbit/s, Mbit/s, Gbit/s, KB/s, MB/s, GB/s), e.g. "500Mbit/s"';
  const rate = parsedOrRefused(expected, parseRateBytesPerSecond).refine((n) => n >= least && n <= most, {
    error: `must be from ${minimum} to ${maximum}`,
  });
  return Object.assign(rate.optional(), { unit: 'BytesPerSecond' as const });
}

/** Minutes since midnight, in the zone that is configured beside it. */
export const timeOfDay = Object.assign(parsedOrRefused('a time of day in quotes, "HH:MM"', parseTimeOfDayMinutes), {
  unit: 'Minutes' as const,
});

export const timeZone = z.string({ error: 'expected a time zone, e.g. "Europe/Berlin"' }).refine(isTimeZone, {
  error: (issue) => `"${String(issue.input)}" is not a time zone that this machine knows, e.g. "Europe/Berlin"`,
});

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A part of the day, on some days of the week. Where it ends before it begins, it ends on the next day. */
export const timePeriodFields = {
  from: timeOfDay,
  to: timeOfDay,
  timeZone: timeZone.prefault('UTC'),
  days: z.array(z.enum(WEEKDAYS, { error: `expected days: ${WEEKDAYS.join(', ')}` })).prefault([...WEEKDAYS]),
};

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const prefix = parsed<Prefix>('a prefix, e.g. "203.0.113.0/24"', parsePrefix);
export const ipAddress = parsed<IpAddress>('an IPv4 or IPv6 address', parseIp);

const RESERVED_ASNS: ReadonlyMap<number, string> = new Map([
  [0, 'it marks addresses that nobody announces (RFC 7607)'],
  [23_456, 'it stands for AS numbers of 32 bits (RFC 6793)'],
  [65_535, 'it is reserved (RFC 7300)'],
  [4_294_967_295, 'it is reserved (RFC 7300)'],
]);

export const asn = z
  .union([z.number(), z.string()], { error: 'expected an AS number, e.g. 64500' })
  .transform((value, context): Asn => {
    try {
      const number = parseAsn(value);
      const why = RESERVED_ASNS.get(number);
      if (why === undefined) return number;
      context.addIssue({ code: 'custom', message: `AS${number} is nobody's: ${why}; give the AS number in use` });
      return z.NEVER;
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: messageOf(thrown) });
      return z.NEVER;
    }
  });

export function wholeNumber(minimum: number, maximum: number) {
  const error = `expected a whole number from ${minimum} to ${maximum}`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
}

export function numberFrom(minimum: number, maximum: number) {
  const error = `expected a number from ${minimum} to ${maximum}`;
  return z.number({ error }).min(minimum, { error }).max(maximum, { error });
}

export const flag = z.boolean({ error: 'expected true or false' });

export const text = z.string({ error: 'expected text' }).min(1, { error: 'must not be empty' });

/** Marks a value that is, or holds, a path; relative ones count from the directory of the configuration file. */
export interface FileMark {
  readonly holds: 'file' | 'files' | 'directory';
  /** @returns the value with what `replace` returns in the place of its path, if it holds one */
  readonly replaceFile: (value: unknown, replace: (file: string) => string) => unknown;
}

/** @param replaceFile where the value is not the path itself */
export function marksFile<Schema extends z.ZodType>(
  holds: FileMark['holds'],
  schema: Schema,
  replaceFile: FileMark['replaceFile'] = (value, replace) => replace(String(value)),
): Schema & FileMark {
  return Object.assign(schema, { holds, replaceFile });
}

const path = z.string({ error: 'expected a path' }).min(1, { error: 'must not be empty' });
/** A file that is read. */
export const filePath = marksFile('file', path);
/** Files that are read: a path, or a pattern with `*` and `?`. */
export const filePattern = marksFile('files', path.clone());
/** A directory that the program makes if it is missing. */
export const directoryPath = marksFile('directory', path.clone());

/** The name of a probe, sub-domain, source …: it appears in URLs, metrics and logs. */
export const identifier = z.string({ error: 'expected a name' }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: 'a name is 1 to 64 letters, digits, ".", "_" or "-", and begins with a letter or digit',
});

/** Shorter ones can be guessed over the network in hours; `alias-tracker token` makes 256 bits. */
const MIN_TOKEN_LENGTH = 8;
export const token = z
  .string({ error: 'expected a token, from an environment variable rather than in the file' })
  .regex(/^[\x21-\x7e]*$/, { error: 'a token is printable ASCII without spaces' })
  .min(MIN_TOKEN_LENGTH, {
    error: `a token has at least ${MIN_TOKEN_LENGTH} characters; make one with: alias-tracker token`,
  });

/** Lower case, no trailing dot. */
export const hostName = parsed('a host name, e.g. "tracker.example.org"', (written) => {
  const name = parseHostName(written);
  if (name === undefined) throw new Error(`"${written}" is not a host name${hintForHostName(written)}`);
  return name;
});

function hintForHostName(written: string): string {
  const inUrl = URL.canParse(written) ? parseHostName(new URL(written).hostname) : undefined;
  if (inUrl !== undefined) return `; write "${inUrl}"`;
  if (/:\d+$/.test(written)) return '; write it without its port';
  if (written.includes('*')) return '; each name is listed by itself, there are no wildcards';
  const ascii = domainToASCII(written);
  if (/[^\x20-\x7e]/.test(written) && ascii !== '') return `; write it as "${ascii}"`;
  return ', e.g. "tracker.example.org"';
}

function parseHostName(name: string): string | undefined {
  const plain = name.toLowerCase().replace(/\.$/, '');
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?$/;
  const labels = plain.split('.');
  // A last label of digits would be an IPv4 address.
  const good = plain.length <= 253 && labels.every((each) => label.test(each)) && !/^\d+$/.test(labels.at(-1)!);
  return good ? plain : undefined;
}
