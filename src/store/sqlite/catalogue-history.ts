/**
 * How swarms and popularity went, for the plots on a torrent's page. Samples of one time lie together, so that writing and
 * forgetting them touches few pages of the file; a torrent's own samples are looked up one by one.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

const HOUR_MS = 3_600_000;
/** Between samples of swarms. */
export const SWARM_SAMPLE_MS = HOUR_MS / 4;
/** For how long samples of swarms are kept: a plot of a day, and what a crawl or a restart may delay. */
const SWARM_HISTORY_MS = 26 * HOUR_MS;
/** Torrents of one time: 20 bytes each, so that a day takes at most 45 MB. */
export const MAX_SAMPLED = 20_000;
/** By the length of their slots, in hours: for how long samples of popularity are kept. */
const POPULARITY_HISTORY_MS: ReadonlyMap<number, number> = new Map([
  [1, 48 * HOUR_MS],
  [6, 30 * 24 * HOUR_MS],
]);
/** Rows that one transaction writes: some 10 ms. */
const SLICE = 2_000;

/** At the beginning of its quarter of an hour. */
export interface SwarmSample {
  readonly atMs: number;
  readonly insideSeeds: number;
  readonly insideLeechers: number;
  /** As the original trackers last said. */
  readonly outsideSeeds: number | undefined;
}

export interface SwarmToSample extends Omit<SwarmSample, 'atMs'> {
  readonly entryId: number;
}

export interface PopularitySample {
  readonly atMs: number;
  readonly popularity: number;
  readonly rank: number;
}

export interface CatalogueHistory extends SwarmHistory, PopularityHistory {}

interface SwarmHistory {
  /** What the peers inside may send to one more, in bits per second, as last stored; undefined: unknown. */
  insideBps(infoHash: InfoHash): number | undefined;
  /** When swarms were last sampled; undefined if there is no sample. */
  lastSwarmSampleMs(): number | undefined;
  /** Entries that had somebody inside at the last sample. */
  lastSampledInside(): ReadonlySet<number>;
  /** In one transaction: hand over slices. */
  storeSwarmSamples(samples: readonly SwarmToSample[], nowMs: number): void;
  /** Forgets the oldest time that is out of date. @returns false if there is none */
  forgetSwarmSamples(nowMs: number): boolean;
  /** Of the last day, oldest first; times without a sample are missing. */
  swarmHistory(infoHash: InfoHash, nowMs: number): SwarmSample[];
}

interface PopularityHistory {
  /** After a crawl: notes how popular the torrents with a rank are, and forgets what is out of date. */
  samplePopularity(nowMs: number): void;
  /** Of the last month, oldest first, closer in the last two days. */
  popularityHistory(infoHash: InfoHash, nowMs: number): PopularitySample[];
}

export function catalogueHistory(database: SqliteDatabase): CatalogueHistory {
  return { ...swarmHistory(database), ...popularityHistory(database) };
}

type FindEntry = (infoHash: InfoHash) => { readonly entry_id: number; readonly first_seen_ms: number } | undefined;

function entries(database: SqliteDatabase): FindEntry {
  return (infoHash) =>
    database
      .prepare<[string], { entry_id: number; first_seen_ms: number }>(
        'SELECT entry_id, first_seen_ms FROM catalogue_entry WHERE info_hash = ?',
      )
      .get(infoHash);
}

function swarmHistory(database: SqliteDatabase): SwarmHistory {
  const entryOf = entries(database);
  return {
    insideBps: (infoHash) =>
      database
        .prepare<[string], number | null>('SELECT inside_bps FROM catalogue_entry WHERE info_hash = ?')
        .pluck()
        .get(infoHash) ?? undefined,
    lastSwarmSampleMs: () => {
      const slot = database.prepare<[], number | null>('SELECT max(slot) FROM catalogue_swarm_sample').pluck().get();
      return slot == null ? undefined : slot * SWARM_SAMPLE_MS;
    },
    lastSampledInside: () =>
      new Set(
        database
          .prepare<[], number>(
            `SELECT entry_id FROM catalogue_swarm_sample
             WHERE slot = (SELECT max(slot) FROM catalogue_swarm_sample) AND inside_seeds + inside_leechers > 0`,
          )
          .pluck()
          .all(),
      ),
    storeSwarmSamples: database.transaction((samples: readonly SwarmToSample[], nowMs: number) => {
      const slot = Math.floor(nowMs / SWARM_SAMPLE_MS);
      const insert = database.prepare('INSERT OR REPLACE INTO catalogue_swarm_sample VALUES (?, ?, ?, ?, ?)');
      for (const { entryId, insideSeeds, insideLeechers, outsideSeeds = null } of samples) {
        insert.run(slot, entryId, insideSeeds, insideLeechers, outsideSeeds);
      }
    }),
    forgetSwarmSamples: (nowMs) =>
      database
        .prepare(
          `DELETE FROM catalogue_swarm_sample
           WHERE slot = (SELECT min(slot) FROM catalogue_swarm_sample) AND slot < ?`,
        )
        .run(Math.floor((nowMs - SWARM_HISTORY_MS) / SWARM_SAMPLE_MS)).changes > 0,
    swarmHistory: (infoHash, nowMs) => {
      const entry = entryOf(infoHash);
      if (entry === undefined) return [];
      const fromMs = Math.max(nowMs - 24 * HOUR_MS, entry.first_seen_ms - SWARM_SAMPLE_MS);
      return database
        .prepare<
          [string, number],
          Omit<SwarmSample, 'atMs' | 'outsideSeeds'> & { slot: number; outside: number | null }
        >(
          `SELECT slot, inside_seeds AS insideSeeds, inside_leechers AS insideLeechers, outside_seeds AS outside
           FROM json_each(?) AS wanted CROSS JOIN catalogue_swarm_sample ON slot = wanted.value AND entry_id = ?
           ORDER BY slot`,
        )
        .all(slotsBetween(fromMs, nowMs, SWARM_SAMPLE_MS), entry.entry_id)
        .map(({ slot, outside, ...counts }) => ({
          ...counts,
          atMs: slot * SWARM_SAMPLE_MS,
          outsideSeeds: outside ?? undefined,
        }));
    },
  };
}

function popularityHistory(database: SqliteDatabase): PopularityHistory {
  const entryOf = entries(database);
  return {
    samplePopularity: (nowMs) => {
      for (const [hours, keptMs] of POPULARITY_HISTORY_MS) {
        const slot = Math.floor(nowMs / (hours * HOUR_MS));
        const insert = database.prepare(
          `INSERT OR REPLACE INTO catalogue_popularity_sample
           SELECT :hours, :slot, entry_id, popularity, rank
           FROM catalogue_entry JOIN catalogue_popularity USING (info_hash)
           WHERE (rank IS NULL) = 0 AND rank > :above AND rank <= :upTo`,
        );
        for (let above = 0; above < MAX_SAMPLED; above += SLICE) {
          if (insert.run({ hours, slot, above, upTo: above + SLICE }).changes === 0) break;
        }
        database
          .prepare('DELETE FROM catalogue_popularity_sample WHERE hours = ? AND slot < ?')
          .run(hours, Math.floor((nowMs - keptMs) / (hours * HOUR_MS)));
      }
    },
    popularityHistory: (infoHash, nowMs) => {
      const entry = entryOf(infoHash);
      if (entry === undefined) return [];
      const recentMs = nowMs - POPULARITY_HISTORY_MS.get(1)!;
      const samples = (hours: number, fromMs: number): PopularitySample[] =>
        database
          .prepare<[string, number, number], { slot: number; popularity: number; rank: number }>(
            `SELECT slot, popularity, rank FROM json_each(?) AS wanted
             CROSS JOIN catalogue_popularity_sample ON hours = ? AND slot = wanted.value AND entry_id = ? ORDER BY slot`,
          )
          .all(
            slotsBetween(Math.max(fromMs, entry.first_seen_ms - hours * HOUR_MS), nowMs, hours * HOUR_MS),
            hours,
            entry.entry_id,
          )
          .map(({ slot, ...sample }) => ({ ...sample, atMs: slot * hours * HOUR_MS }));
      const before = samples(6, nowMs - POPULARITY_HISTORY_MS.get(6)!);
      const recent = samples(1, recentMs);
      return [...before.filter(({ atMs }) => atMs < (recent[0]?.atMs ?? Number.POSITIVE_INFINITY)), ...recent];
    },
  };
}

/** As a JSON array. */
function slotsBetween(fromMs: number, toMs: number, slotMs: number): string {
  const first = Math.max(0, Math.floor(fromMs / slotMs) + 1);
  const last = Math.floor(toMs / slotMs);
  return JSON.stringify(Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i));
}
