/**
 * Limits the size of the store of reports: deletes every minute in small chunks, between which reports are accepted.
 */
import type { Clock } from '../domain/clock.js';
import type { ReportsPruning } from '../store/sqlite/reports-pruning.js';
import { CAPABILITY_GONE_MS, PRUNE_CHUNK_REPORTS, PRUNE_EVERY_MS, RAW_KEPT_MS, ROLL_UPS_KEPT_MS } from './limits.js';

export interface PruneOptions {
  readonly pruning: ReportsPruning;
  readonly clock: Clock;
  /** How long roll-ups are stored; a year by default. */
  readonly rollUpsKeptMs?: (() => number) | undefined;
  readonly onError: (thrown: unknown) => void;
}

/** @returns a function that stops it */
export function startPruning(options: PruneOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const again = (delayMs: number): void => {
    timer = setTimeout(run, delayMs).unref();
  };
  const run = (): void => {
    let more = false;
    try {
      more = pruneOnce(options);
    } catch (thrown) {
      options.onError(thrown);
    }
    again(more ? 20 : PRUNE_EVERY_MS);
  };
  again(PRUNE_EVERY_MS);
  return () => clearTimeout(timer);
}

/** Deletes one chunk. @returns true if more rows remain to be deleted */
export function pruneOnce({ pruning, clock, rollUpsKeptMs }: PruneOptions): boolean {
  const nowMs = clock.nowMs();
  return pruning.pruneChunk(
    {
      rawMs: nowMs - RAW_KEPT_MS,
      rollUpsMs: nowMs - (rollUpsKeptMs?.() ?? ROLL_UPS_KEPT_MS),
      capabilityMs: nowMs - CAPABILITY_GONE_MS,
      signaturesMs: nowMs,
    },
    PRUNE_CHUNK_REPORTS,
  );
}
