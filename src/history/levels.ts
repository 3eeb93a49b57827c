/**
 * The three resolutions of the time series, from fine to coarse. Minutes are first written as slices of all series. When a period
 * of a level has ended, the values of each series become one compressed block, which is never written again.
 * All times are UTC, so summer time does not exist here.
 */
import type { StepSeconds } from '../store/sqlite/history-store.js';

export interface Level {
  readonly stepSeconds: StepSeconds;
  /** How much time a block covers: a multiple of the next coarser step, and of the finer level's block. */
  readonly blockSeconds: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

export const MINUTE: Level = { stepSeconds: 60, blockSeconds: 4 * HOUR };
export const FIVE_MINUTES: Level = { stepSeconds: 300, blockSeconds: DAY };
export const HOURS: Level = { stepSeconds: 3600, blockSeconds: 16 * DAY };
export const LEVELS: readonly Level[] = [MINUTE, FIVE_MINUTES, HOURS];

/** The level from which this one is made; undefined: from slices. */
export function finerThan(level: Level): Level | undefined {
  return LEVELS[LEVELS.indexOf(level) - 1];
}

export function coarserThan(level: Level): Level | undefined {
  return LEVELS[LEVELS.indexOf(level) + 1];
}

/** How long values are kept, by the level's step. A block stays until the coarser level has its values. */
export type Kept = Readonly<Record<StepSeconds, number>>;

/** The most series that are recorded, so that a name that somebody else chooses cannot fill the disk. */
export const MAX_SERIES = 20_000;
/** Slices that a full disk or a busy database has refused wait in memory. Older ones are lost. */
export const MAX_WAITING_SLICES = 60;
/** Series whose blocks are written in one transaction: 20 took 15 ms on a busy core. */
export const CHUNK_SERIES = 20;
/** Blocks and marks that are deleted in one transaction. */
export const CHUNK_ROWS = 250;
/** Bytes of slices that are deleted in one transaction: with 8,000 series a slice has 32 kB, and a period 7.7 MB. */
export const CHUNK_BYTES = 256_000;
/** Between two such transactions others may write. */
export const CHUNK_PAUSE_MS = 20;
/** Nothing is deleted until the clock has been steady for this long, because a wrong clock would delete everything. */
export const STEADY_BEFORE_DELETE_MS = 3_600_000;
/** Series and points of one answer. */
export const MAX_ANSWERED_SERIES = 64;
export const MAX_POINTS = 2_000;
export const DEFAULT_POINTS = 300;
export const MAX_MARKS = 1_000;
