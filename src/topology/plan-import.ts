/**
 * Compares two versions of a data file: what would change, and whether the change looks like a mistake. A file with less
 * than half of the content in force is more likely truncated or of the wrong kind than correct.
 */
import type { AddressSegments } from './address-segments.js';
import { measureOf, type TopologyFileContent } from './load-topology-file.js';

export interface ImportPlan {
  readonly measures: readonly { readonly what: string; readonly before: number; readonly after: number }[];
  /** For address data: IPv4 addresses that become known, become unknown, or move to another AS. */
  readonly ipv4Addresses?: { readonly added: number; readonly removed: number; readonly moved: number };
  /** Why the import needs `force`; `undefined` if it does not. */
  readonly refusal: string | undefined;
}

export function planImport(before: TopologyFileContent | undefined, after: TopologyFileContent): ImportPlan {
  const old = before === undefined ? new Map<string, number>() : measureOf(before);
  const measures = [...measureOf(after)].map(([what, count]) => ({ what, before: old.get(what) ?? 0, after: count }));
  const dropped = measures.filter((measure) => measure.after < measure.before / 2);
  const empty = measures.every((measure) => measure.after === 0);
  const refusal = empty
    ? 'it has no data'
    : dropped.length > 0
      ? `it would drop more than half: ${dropped.map((d) => `${d.what} from ${d.before} to ${d.after}`).join(', ')}`
      : undefined;
  return {
    measures,
    refusal,
    ...(before?.holds === 'addresses' && after.holds === 'addresses'
      ? { ipv4Addresses: difference4(before.database.ipv4, after.database.ipv4) }
      : {}),
  };
}

function difference4(a: AddressSegments, b: AddressSegments): NonNullable<ImportPlan['ipv4Addresses']> {
  const result = { added: 0, removed: 0, moved: 0 };
  let i = 0;
  let j = 0;
  let at = 0;
  while (i < a.count && j < b.count) {
    const endA = i + 1 < a.count ? a.starts[i + 1]! : 2 ** 32;
    const endB = j + 1 < b.count ? b.starts[j + 1]! : 2 ** 32;
    const end = Math.min(endA, endB);
    const old = a.values[i]!;
    const now = b.values[j]!;
    if (old !== now) result[old === 0 ? 'added' : now === 0 ? 'removed' : 'moved'] += end - at;
    at = end;
    if (endA === end) i++;
    if (endB === end) j++;
  }
  return result;
}
