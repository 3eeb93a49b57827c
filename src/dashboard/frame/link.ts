/** Links between pages, which keep the time range. */
import type { TimeRange } from './time-range.js';

export type QueryValues = Readonly<Record<string, string | number | undefined>>;

/** @param path of a page, with its own parts encoded */
export function link(path: string, values: QueryValues): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A link to another page over the same time. */
export function linkTo(path: string, range: TimeRange, values: QueryValues = {}): string {
  return link(path, { ...values, range: range === '24h' ? undefined : range });
}
