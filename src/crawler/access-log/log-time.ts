/** Reads the time of a line of an access log. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** `22/Nov/2026:10:00:00 +0100`; HAProxy writes local time with milliseconds and without a zone. */
const COMMON = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?: ([+-])(\d{2})(\d{2}))?$/;
/** Numbers from here on are milliseconds, not seconds. */
const MILLISECONDS_FROM = 1e11;

/** Seconds or milliseconds since the Unix epoch, ISO 8601, or the common log format. @returns undefined if it is none */
export function parseLogTime(text: string): number | undefined {
  if (text.length > 64) return undefined;
  if (/^\d{9,14}(?:\.\d{1,9})?$/.test(text)) {
    const number = Number(text);
    return Math.round(number < MILLISECONDS_FROM ? number * 1_000 : number);
  }
  const match = COMMON.exec(text);
  if (match !== null) return commonTime(match);
  if (!/^\d{4}-\d\d-\d\d[T ]/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function commonTime([
  ,
  day,
  name,
  year,
  hour,
  minute,
  second,
  milli = '0',
  sign,
  zoneHours,
  zoneMinutes,
]: RegExpExecArray) {
  const month = MONTHS.indexOf(name!.toLowerCase());
  if (month < 0) return undefined;
  const parts = [
    Number(year),
    month,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(milli),
  ] as const;
  if (sign === undefined) return new Date(...parts).getTime();
  const offsetMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  return Date.UTC(...parts) - (sign === '-' ? -offsetMs : offsetMs);
}
