/** How full the store of swarms is. */
import type { CountersView } from './counters.js';
import type { TrackerSection } from './section.js';

/** How full a store is, 0 … 1: for the operator's own clients, and for those from outside. */
export function storeFill(
  { records, swarms }: Pick<CountersView, 'records' | 'swarms'>,
  { maxPeers, maxTorrents, reservedForInnerPercent }: TrackerSection['limits'],
): { readonly inner: number; readonly foreign: number } {
  const inner = Math.max(records / maxPeers, swarms / maxTorrents);
  return { inner: Math.min(1, inner), foreign: Math.min(1, inner / (1 - reservedForInnerPercent / 100)) };
}
