/**
 * Tokens made by `alias-tracker token`, as SHA-256 of 256 random bits. A hash of so much entropy cannot be inverted by
 * guessing, so a slow hash is not needed. Revoked tokens stay as a record.
 */
import type { Statement } from 'better-sqlite3';
import type { SqliteDatabase } from './database.js';

export type TokenKind = 'probe' | 'control' | 'viewer' | 'upstream';

export interface StoredToken {
  /** Public: identifies the token in lists and when it is revoked. */
  readonly tokenId: string;
  readonly kind: TokenKind;
  /** The name of the probe, person or original tracker. */
  readonly subject: string;
  readonly subdomains: readonly string[];
  /** Hex. */
  readonly tokenSha256: string;
  readonly createdMs: number;
  readonly revokedMs: number | null;
}

type Row = Record<string, string | number | null>;

export class TokensStore {
  readonly #database: SqliteDatabase;
  readonly #dataVersion: Statement;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    // Runs with every request, so it is prepared once.
    this.#dataVersion = database.prepare('PRAGMA data_version').pluck();
  }

  add(token: StoredToken): void {
    this.#database
      .prepare('INSERT INTO access_token VALUES (?, ?, ?, ?, ?, ?, NULL)')
      .run(
        token.tokenId,
        token.kind,
        token.subject,
        JSON.stringify(token.subdomains),
        token.tokenSha256,
        token.createdMs,
      );
  }

  /** @returns false if no valid token has this id */
  revoke(tokenId: string, nowMs: number): boolean {
    const sql = 'UPDATE access_token SET revoked_ms = ? WHERE token_id = ? AND revoked_ms IS NULL';
    return this.#database.prepare(sql).run(nowMs, tokenId).changes > 0;
  }

  /** All tokens, the newest first. */
  list(): StoredToken[] {
    const rows = this.#database.prepare('SELECT * FROM access_token ORDER BY created_ms DESC, token_id').all() as Row[];
    return rows.map((row) => ({
      tokenId: String(row.token_id),
      kind: row.kind as TokenKind,
      subject: String(row.subject),
      subdomains: JSON.parse(String(row.subdomains)) as string[],
      tokenSha256: String(row.token_sha256),
      createdMs: Number(row.created_ms),
      revokedMs: row.revoked_ms as number | null,
    }));
  }

  /** Changes when another connection (the CLI beside the server) has committed. */
  dataVersion(): number {
    return Number(this.#dataVersion.get());
  }
}
