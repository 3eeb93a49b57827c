/**
 * Finds the owner of a token, among the tokens of the configuration and of the database. Tokens are found by their
 * SHA-256, so that the time of a comparison does not depend on a secret. A token that the CLI makes or revokes takes
 * effect at the next request.
 */
import { createHash } from 'node:crypto';
import type { TokensStore } from '../store/sqlite/tokens-store.js';
import type { Authenticator, Principal, SignedParts } from './principal.js';
import { signatureFault } from './request-signature.js';
import { UsedSignatures } from './used-signatures.js';

export interface ConfiguredTokens {
  /** `control.token`; undefined: only tokens of the database give access to the operator's calls. */
  readonly controlToken?: string | undefined;
  /** `control.viewerToken`: may read everything and change nothing. */
  readonly viewerToken?: string | undefined;
  /** `reports.probes`; without a token the probe uses a client certificate or a token of the database. */
  readonly probes: readonly {
    readonly id: string;
    readonly subdomains: readonly string[];
    readonly token?: string | undefined;
  }[];
  /** `upstream.originalTrackers`: original trackers that push peers; without a token here it has one of the database. */
  readonly upstreams?: readonly { readonly name: string; readonly token?: string | undefined }[];
  /** Sources of the crawler that push their torrents. */
  readonly sites?: readonly { readonly name: string; readonly token: string }[];
}

const PRINCIPAL_KINDS = { control: 'operator', viewer: 'viewer', upstream: 'upstream' } as const;

export class TokenDirectory implements Authenticator {
  #configured: ConfiguredTokens;
  readonly #store: TokensStore | undefined;
  readonly #used: UsedSignatures;
  #dataVersion = -1;
  #byDigest = new Map<string, Principal>();
  #probes = new Map<string, Set<string>>();
  #revoked = new Set<string>();

  constructor(configured: ConfiguredTokens, store?: TokensStore, used = new UsedSignatures()) {
    this.#configured = configured;
    this.#store = store;
    this.#used = used;
    this.reload();
  }

  /** Replaces the tokens by those of a reloaded configuration. */
  reconfigure(configured: ConfiguredTokens): void {
    this.#configured = configured;
    // The database is read at the next request, so that this call cannot fail.
    this.#dataVersion = -1;
  }

  /** @returns undefined if the token is unknown or revoked */
  byToken(token: string): Principal | undefined {
    this.#refresh();
    return this.#byDigest.get(sha256Hex(token));
  }

  /** @returns undefined if no token with this hash is valid */
  byKey(key: string): Principal | undefined {
    this.#refresh();
    return this.#byDigest.get(key);
  }

  /** The probe that a client certificate or a signature names. */
  probeByName(name: string): Principal | undefined {
    this.#refresh();
    const subdomains = this.#probes.get(name);
    return subdomains === undefined ? undefined : { kind: 'probe', name, subdomains: [...subdomains], key: '' };
  }

  /**
   * @returns what is wrong with the signature of a request in this principal's name, or undefined; the signature is
   *   then used up
   */
  signatureFault(header: string, signed: SignedParts, principal: Principal, nowMs: number): string | undefined {
    const sameProbe = [...this.#byDigest.values()].filter((p) => p.kind === 'probe' && p.name === principal.name);
    const keys = principal.key === '' ? sameProbe.map((p) => p.key) : [principal.key];
    return signatureFault(header, signed, keys, this.#used, nowMs);
  }

  /** Every probe that may report now, with its sub-domains. */
  probes(): ReadonlyMap<string, ReadonlySet<string>> {
    this.#refresh();
    return this.#probes;
  }

  /** True if a probe had tokens and all of them are revoked. */
  isRevoked(name: string): boolean {
    this.#refresh();
    return this.#revoked.has(name);
  }

  reload(): void {
    const revoked = new Set<string>();
    const byDigest = new Map<string, Principal>();
    const probes = new Map<string, Set<string>>();
    const addProbe = (name: string, subdomains: readonly string[], key: string | undefined): void => {
      const all = probes.get(name) ?? new Set<string>();
      for (const subdomain of subdomains) all.add(subdomain);
      probes.set(name, all);
      if (key !== undefined) byDigest.set(key, { kind: 'probe', name, subdomains, key });
    };
    for (const token of this.#store?.list() ?? []) {
      if (token.revokedMs !== null) {
        if (token.kind === 'probe') revoked.add(token.subject);
        continue;
      }
      const key = token.tokenSha256;
      if (token.kind === 'probe') addProbe(token.subject, token.subdomains, key);
      else byDigest.set(key, { kind: PRINCIPAL_KINDS[token.kind], name: token.subject, key });
    }
    for (const probe of this.#configured.probes) {
      addProbe(probe.id, probe.subdomains, probe.token === undefined ? undefined : sha256Hex(probe.token));
    }
    for (const upstream of this.#configured.upstreams ?? []) {
      if (upstream.token === undefined) continue;
      const key = sha256Hex(upstream.token);
      byDigest.set(key, { kind: 'upstream', name: upstream.name, key });
    }
    for (const site of this.#configured.sites ?? []) {
      const key = sha256Hex(site.token);
      byDigest.set(key, { kind: 'site', name: site.name, key });
    }
    const { viewerToken, controlToken } = this.#configured;
    const ofConfiguration = (kind: 'viewer' | 'operator', name: string, token: string | undefined): void => {
      if (token === undefined) return;
      const key = sha256Hex(token);
      byDigest.set(key, { kind, name, key });
    };
    ofConfiguration('viewer', 'viewer', viewerToken);
    ofConfiguration('operator', 'control', controlToken);
    for (const name of probes.keys()) revoked.delete(name);
    this.#revoked = revoked;
    this.#byDigest = byDigest;
    this.#probes = probes;
  }

  #refresh(): void {
    const version = this.#store?.dataVersion() ?? 0;
    if (version === this.#dataVersion) return;
    this.reload();
    this.#dataVersion = version;
  }
}

/** Lower-case hex. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
