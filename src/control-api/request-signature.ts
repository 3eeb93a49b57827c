/**
 * Signed requests prove a probe's token without sending it. The signature covers everything that the tracker acts on. It
 * is in the header section, so it is checked before a byte of the body is read:
 *
 *     X-Alias-Probe: dp-north
 *     Content-Digest: sha-256=:BASE64:                 (RFC 9530, of the body as it is sent)
 *     X-Alias-Signature: t=UNIX_SECONDS,n=NONCE,v2=HEX
 *
 * HEX is HMAC-SHA256, keyed by the lower-case hex SHA-256 of the token (what the tracker keeps), over method, path with
 * query, probe, t, n and the value of Content-Digest, joined by line feeds. A signature is valid for five minutes either
 * side of its time, and once.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SIGNATURE_WINDOW_MS } from './limits.js';
import type { SignedParts } from './principal.js';
import type { UsedSignatures } from './used-signatures.js';

/** @param key lower-case hex SHA-256 of the token. @param nonce 8 to 64 letters, digits, `-` or `_`, new for each request */
export function signRequest(
  key: string,
  request: Omit<SignedParts, 'contentDigest'> & { readonly body: Uint8Array | string },
  nowMs: number,
  nonce: string,
): Record<string, string> {
  const t = Math.floor(nowMs / 1000);
  const contentDigest = `sha-256=:${createHash('sha256').update(request.body).digest('base64')}:`;
  const signature = mac(key, { ...request, contentDigest }, t, nonce).toString('hex');
  return {
    'content-digest': contentDigest,
    'x-alias-probe': request.probe,
    'x-alias-signature': `t=${t},n=${nonce},v2=${signature}`,
  };
}

/** @param keys any of which may have signed. @returns what is wrong, or undefined; the signature is then used up */
export function signatureFault(
  header: string,
  parts: SignedParts,
  keys: readonly string[],
  used: UsedSignatures,
  nowMs: number,
): string | undefined {
  const fields = /^t=(\d{1,12}),n=([A-Za-z0-9_-]{8,64}),v2=([0-9a-f]{64})$/.exec(header);
  if (!fields) return 'the signature has the form t=UNIX_SECONDS,n=NONCE,v2=HEX (see docs/reports.md)';
  if (!/^sha-256=:[A-Za-z0-9+/]{43}=:$/.test(parts.contentDigest ?? '')) {
    return 'a signed request needs the header Content-Digest: sha-256=:BASE64: (RFC 9530)';
  }
  const [, time, nonce, hex] = fields as unknown as [string, string, string, string];
  const t = Number(time);
  if (Math.abs(nowMs - t * 1000) > SIGNATURE_WINDOW_MS) {
    return `the timestamp of the signature is too far from the tracker’s clock (${Math.floor(nowMs / 1000)}); correct the clock of the probe`;
  }
  const given = Buffer.from(hex, 'hex');
  if (!keys.some((key) => timingSafeEqual(mac(key, parts, t, nonce), given)))
    return 'the signature is invalid; check the token and what is signed (docs/reports.md)';
  if (!used.use(hex, t * 1000 + SIGNATURE_WINDOW_MS, nowMs)) return 'the signature was used before';
  return undefined;
}

function mac(key: string, { method, path, probe, contentDigest }: SignedParts, t: number, nonce: string): Buffer {
  return createHmac('sha256', key).update([method, path, probe, t, nonce, contentDigest].join('\n')).digest();
}
