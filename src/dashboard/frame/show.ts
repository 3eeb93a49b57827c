/** How numbers, sizes, times and ages are written on the pages. */

const UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
] as const;

/** 1234567 → `1.23 M` */
export function compact(value: number): string {
  const [divisor, unit] = scaleOf(value);
  const scaled = value / divisor;
  const digits = Number.isInteger(scaled) ? scaled : Number(scaled.toPrecision(3));
  return unit === '' ? String(digits) : `${digits} ${unit}`;
}

/** 1234567 → `1.23 MB` */
export function bytes(value: number): string {
  const [divisor, unit] = value >= 1e3 && value < 1e4 ? ([1e3, 'k'] as const) : scaleOf(value);
  return `${Number((value / divisor).toPrecision(3))} ${unit}B`;
}

/** In bits, as operators state the rate of a line. */
export function bitRate(bytesPerSecond: number): string {
  const bits = bytesPerSecond * 8;
  const [divisor, unit] = bits >= 1e3 && bits < 1e4 ? ([1e3, 'k'] as const) : scaleOf(bits);
  return `${Number((bits / divisor).toPrecision(3))} ${unit}bit/s`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? Number(value.toPrecision(2)) : Math.round(value)} %`;
}

/** `40 s`, `12 min`, `5 h`, `3 d` */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** `12 min ago` */
export function ago(atMs: number, nowMs: number): string {
  return `${duration((nowMs - atMs) / 1_000)} ago`;
}

/** `2026-11-22 10:05 UTC` */
export function instant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function money(amount: number, currency: string): string {
  return `${amount >= 1e4 ? compact(amount) : amount.toFixed(2)} ${currency}`;
}

/** What stands for a value that is not known. */
export const UNKNOWN = '–';

/** The value as `show` writes it, or the dash of unknown values. */
export function known<T>(value: T | null | undefined, show: (value: T) => string): string {
  return value === null || value === undefined ? UNKNOWN : show(value);
}

function scaleOf(value: number): readonly [number, string] {
  const size = Math.abs(value);
  return UNITS.find(([divisor]) => size >= divisor) ?? (size >= 1e4 ? [1e3, 'k'] : [1, '']);
}
