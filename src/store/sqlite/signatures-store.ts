/**
 * Stores used signatures of requests, so that none can be reused after a restart
 * (`src/control-api/used-signatures.ts`).
 */
import type { SqliteDatabase } from './database.js';

export interface StoredSignature {
  /** Hex, 64 digits. */
  readonly signature: string;
  readonly expiresMs: number;
}

export class SignaturesStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Runs inside the caller's transaction. */
  add({ signature, expiresMs }: StoredSignature): void {
    this.#database
      .prepare('INSERT INTO used_signature VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(Buffer.from(signature, 'hex'), expiresMs);
  }

  /** Signatures that expire after `nowMs`. */
  load(nowMs: number): StoredSignature[] {
    const sql = 'SELECT signature, expires_ms FROM used_signature WHERE expires_ms >= ?';
    const rows = this.#database.prepare(sql).all(nowMs) as { signature: Buffer; expires_ms: number }[];
    return rows.map((row) => ({ signature: row.signature.toString('hex'), expiresMs: row.expires_ms }));
  }
}
