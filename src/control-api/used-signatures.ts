/**
 * Remembers used signatures until they expire. A signature is on disk before its request is answered, because both are
 * written in the order of arrival. So a restart forgets no signature of a request that changed something.
 */
import { MAX_REMEMBERED_SIGNATURES } from './limits.js';

export interface UsedSignature {
  /** Hex. */
  readonly signature: string;
  readonly expiresMs: number;
}

export class UsedSignatures {
  /** Signature → when it expires, sorted by expiry, approximately. */
  readonly #expiresMs = new Map<string, number>();
  readonly #write: (used: UsedSignature) => void;

  /** @param write stores one on disk, at the latest with the next report */
  constructor(stored: readonly UsedSignature[] = [], write: (used: UsedSignature) => void = () => undefined) {
    this.#write = write;
    const sorted = [...stored].sort((a, b) => a.expiresMs - b.expiresMs);
    for (const { signature, expiresMs } of sorted) this.#expiresMs.set(signature, expiresMs);
  }

  /** @returns false if it was used before */
  use(signature: string, expiresMs: number, nowMs: number): boolean {
    for (const [old, oldExpiresMs] of this.#expiresMs) {
      if (oldExpiresMs >= nowMs && this.#expiresMs.size < MAX_REMEMBERED_SIGNATURES) break;
      this.#expiresMs.delete(old);
    }
    if (this.#expiresMs.has(signature)) return false;
    this.#expiresMs.set(signature, expiresMs);
    this.#write({ signature, expiresMs });
    return true;
  }
}
