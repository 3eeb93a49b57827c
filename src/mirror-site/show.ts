/** Formats sizes, counts and times for people. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal units, as for disks and lines: 1 kB = 1,000 bytes. */
export function showBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export function showCount(count: number | undefined): string {
  return count === undefined ? '–' : count.toLocaleString('en-GB');
}

/** The day, in UTC: 2026-11-22. */
export function showDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
