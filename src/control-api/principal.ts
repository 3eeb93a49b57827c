/** The caller of the control API, as identified by a token, a signature or a certificate. */

export type Principal =
  | { readonly kind: 'operator'; readonly name: string; readonly key: string }
  | { readonly kind: 'viewer'; readonly name: string; readonly key: string }
  | { readonly kind: 'probe'; readonly name: string; readonly subdomains: readonly string[]; readonly key: string }
  | { readonly kind: 'upstream'; readonly name: string; readonly key: string }
  | { readonly kind: 'site'; readonly name: string; readonly key: string };

export interface Authenticator {
  /** @returns undefined if nobody holds this token */
  byToken(token: string): Principal | undefined;
  /** @param key SHA-256 of a token, hex, as in {@link Principal}. @returns undefined once the token is revoked */
  byKey(key: string): Principal | undefined;
  /** The probe that a verified client certificate (its common name) or a signed request names. */
  probeByName(name: string): Principal | undefined;
  /**
   * Checks `X-Alias-Signature`. @param principal whose keys may have signed
   * @returns what is wrong with it, or undefined; the signature is then used up
   */
  signatureFault(header: string, signed: SignedParts, principal: Principal, nowMs: number): string | undefined;
}

/** What a signature covers. */
export interface SignedParts {
  readonly method: string;
  /** With the query, as in the request line. */
  readonly path: string;
  readonly probe: string;
  /** The value of the header. */
  readonly contentDigest: string | undefined;
}

/** Which callers may use a route. `viewer`: it only reads; `operator`: it changes something. */
export type Access = 'anyone' | 'viewer' | 'operator' | 'probe' | 'node' | 'upstream' | 'site';

/**
 * Operators may do everything, viewers may read everything; `node` also lets in callers without a token (they report for
 * their own address).
 */
export function mayUse(access: Access, principal: Principal | undefined): boolean {
  if (access === 'anyone' || principal?.kind === 'operator') return true;
  if (access === 'node') return principal === undefined;
  return principal?.kind === access;
}
