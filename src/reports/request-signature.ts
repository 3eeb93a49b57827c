/**
 * Signed requests: `X-Alias-Signature: t=UNIX_SECONDS,v1=HEX`, where HEX is HMAC-SHA256 over `t`, a dot and the body,
 * keyed by the hex SHA-256 of the token. That key is what the tracker keeps, so a probe can prove its token without
 * sending it. A signature is good for five minutes either side of its time, and once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MAX_REMEMBERED_SIGNATURES, SIGNATURE_WINDOW_MS } from './limits.js';

export function signRequest(key: string, body: Uint8Array | string, nowMs: number): string {
  const t = Math.floor(nowMs / 1000);
  return `t=${t},v1=${mac(key, t, body).toString('hex')}`;
}

export class SignatureChecker {
  /** Signature → when it expires, the first to expire first (nearly). */
  readonly #seen = new Map<string, number>();

  /** @param keys any of which may have signed. @returns what is wrong, or undefined */
  fault(header: string, keys: readonly string[], body: Uint8Array, nowMs: number): string | undefined {
    const parts = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header);
    if (!parts) return 'the signature has the form t=UNIX_SECONDS,v1=HEX';
    const t = Number(parts[1]);
    if (Math.abs(nowMs - t * 1000) > SIGNATURE_WINDOW_MS) {
      return `the signature is of another time: here it is ${Math.floor(nowMs / 1000)}`;
    }
    const given = Buffer.from(parts[2]!, 'hex');
    if (!keys.some((key) => timingSafeEqual(mac(key, t, body), given))) return 'the signature does not hold';
    this.#forgetOld(nowMs);
    if (this.#seen.has(parts[2]!)) return 'the signature was used before';
    this.#seen.set(parts[2]!, t * 1000 + SIGNATURE_WINDOW_MS);
    return undefined;
  }

  #forgetOld(nowMs: number): void {
    for (const [signature, expiresMs] of this.#seen) {
      if (expiresMs >= nowMs && this.#seen.size < MAX_REMEMBERED_SIGNATURES) break;
      this.#seen.delete(signature);
    }
  }
}

function mac(key: string, t: number, body: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(`${t}.`).update(body).digest();
}
