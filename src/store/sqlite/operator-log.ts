/** The log of operator actions: who changed what, from where, when, and with which result. */
import { userInfo } from 'node:os';
import type { Database } from 'better-sqlite3';

export type ActionResult = 'done' | 'refused' | 'failed';

export interface OperatorAction {
  readonly atMs: number;
  /** The name of a token, or the user of the command line. */
  readonly actor: string;
  /** Null: the command line on this machine. */
  readonly address: string | null;
  readonly action: string;
  readonly subject: string | null;
  readonly result: ActionResult;
  /** Without secrets. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ActionQuery {
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly result?: ActionResult | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Only entries below this id: the next page. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface OperatorLog {
  add(action: OperatorAction): void;
  /** The latest first. */
  list(query: ActionQuery): (OperatorAction & { readonly id: number })[];
  forgetBefore(beforeMs: number): void;
}

interface Row {
  action_id: number;
  at_ms: number;
  actor: string;
  address: string | null;
  action: string;
  subject: string | null;
  result: ActionResult;
  details: string;
}

export function operatorLog(database: Database): OperatorLog {
  return {
    add: ({ atMs, actor, address, action, subject, result, details }) => {
      database
        .prepare(
          'INSERT INTO operator_action (at_ms, actor, address, action, subject, result, details) VALUES (?, ?, ?, ?, ?, ?, ?)',
        )
        .run(atMs, actor, address, action, subject, result, JSON.stringify(details));
    },
    list: ({ action = null, actor = null, result = null, fromMs = 0, toMs, before, limit }) =>
      database
        .prepare<[Record<string, string | number | null>], Row>(
          `SELECT * FROM operator_action
           WHERE (:action IS NULL OR action = :action) AND (:actor IS NULL OR actor = :actor)
             AND (:result IS NULL OR result = :result) AND at_ms >= :fromMs AND at_ms < :toMs AND action_id < :before
           ORDER BY action_id DESC LIMIT :limit`,
        )
        .all({
          ...{ action, actor, result, fromMs, limit },
          toMs: toMs ?? Number.MAX_SAFE_INTEGER,
          before: before ?? Number.MAX_SAFE_INTEGER,
        })
        .map((row) => ({
          id: row.action_id,
          atMs: row.at_ms,
          actor: row.actor,
          address: row.address,
          action: row.action,
          subject: row.subject,
          result: row.result,
          details: JSON.parse(row.details) as Record<string, unknown>,
        })),
    forgetBefore: (beforeMs) => {
      database.prepare('DELETE FROM operator_action WHERE at_ms < ?').run(beforeMs);
    },
  };
}

/** Who uses the command line, or started the tracker. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'command line';
  }
}
