/**
 * What the operator has decided on torrents: pinned ones always have a rank, denied ones are neither crawled nor published
 * nor tracked. A decision outlives the torrent in the catalogue.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

export const DECISIONS = ['pin', 'deny'] as const;
export type Decision = (typeof DECISIONS)[number];

export interface DecisionEntry {
  readonly infoHash: InfoHash;
  readonly decision: Decision;
  readonly reason: string | undefined;
  readonly actor: string;
  readonly atMs: number;
}

export interface CatalogueDecisions {
  decide(entry: DecisionEntry): void;
  /** @returns false if there was no such decision */
  withdrawDecision(infoHash: InfoHash, decision: Decision): boolean;
  decisionOn(infoHash: InfoHash): DecisionEntry | undefined;
  /** The latest first. */
  decisions(): DecisionEntry[];
}

interface Row {
  info_hash: InfoHash;
  decision: Decision;
  reason: string | null;
  actor: string;
  at_ms: number;
}

export function catalogueDecisions(database: SqliteDatabase): CatalogueDecisions {
  return {
    decide: ({ infoHash, decision, reason, actor, atMs }) => {
      database
        .prepare('INSERT OR REPLACE INTO catalogue_decision VALUES (?, ?, ?, ?, ?)')
        .run(infoHash, decision, reason ?? null, actor, atMs);
    },
    withdrawDecision: (infoHash, decision) =>
      database.prepare('DELETE FROM catalogue_decision WHERE info_hash = ? AND decision = ?').run(infoHash, decision)
        .changes > 0,
    decisionOn: (infoHash) => {
      const row = database.prepare<[string], Row>('SELECT * FROM catalogue_decision WHERE info_hash = ?').get(infoHash);
      return row && entryOf(row);
    },
    decisions: () =>
      database.prepare<[], Row>('SELECT * FROM catalogue_decision ORDER BY at_ms DESC, info_hash').all().map(entryOf),
  };
}

function entryOf({ info_hash, decision, reason, actor, at_ms }: Row): DecisionEntry {
  return { infoHash: info_hash, decision, reason: reason ?? undefined, actor, atMs: at_ms };
}
