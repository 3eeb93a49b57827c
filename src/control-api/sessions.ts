/**
 * Sessions of browsers: a random id in a cookie stands for the token with which its owner logged in. Only a hash of the id
 * is kept, in memory: a restart ends all sessions. A session has the rights that its token has now, and ends with it.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MAX_SESSIONS, SESSION_IDLE_MS, SESSION_LIFETIME_MS } from './limits.js';
import type { Authenticator, Principal } from './principal.js';

interface Session {
  /** Of the token. */
  readonly key: string;
  readonly startedMs: number;
  usedMs: number;
}

const ID_BYTES = 32;

export class Sessions {
  readonly #authenticator: Pick<Authenticator, 'byKey'>;
  /** By the hash of the id; the one used longest ago comes first. */
  readonly #sessions = new Map<string, Session>();
  readonly #secret = randomBytes(32);

  constructor(authenticator: Pick<Authenticator, 'byKey'>) {
    this.#authenticator = authenticator;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** @returns the id of a new session, which nobody knew before */
  start(principal: Principal, nowMs: number): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    for (const [hash, session] of this.#sessions) if (!isAlive(session, nowMs)) this.#sessions.delete(hash);
    for (const hash of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      this.#sessions.delete(hash);
    }
    this.#sessions.set(hashOf(id), { key: principal.key, startedMs: nowMs, usedMs: nowMs });
    return id;
  }

  /**
   * @param isRequest false: looks without counting as use
   * @returns undefined if the session has ended or its token is revoked
   */
  find(id: string, nowMs: number, isRequest: boolean): Principal | undefined {
    const hash = hashOf(id);
    const session = this.#sessions.get(hash);
    if (session === undefined) return undefined;
    const principal = isAlive(session, nowMs) ? this.#authenticator.byKey(session.key) : undefined;
    if (principal === undefined) {
      this.#sessions.delete(hash);
      return undefined;
    }
    if (isRequest) {
      session.usedMs = nowMs;
      this.#sessions.delete(hash);
      this.#sessions.set(hash, session);
    }
    return principal;
  }

  end(id: string): void {
    this.#sessions.delete(hashOf(id));
  }

  /**
   * What a form of ours must contain, so that no page of another site can send it (CSRF).
   * @param subject what the browser is recognised by
   */
  formToken(subject: string): string {
    return createHmac('sha256', this.#secret).update(subject).digest('base64url');
  }

  isFormToken(given: string, subject: string): boolean {
    const [a, b] = [Buffer.from(given), Buffer.from(this.formToken(subject))];
    return a.length === b.length && timingSafeEqual(a, b);
  }
}

function isAlive({ startedMs, usedMs }: Session, nowMs: number): boolean {
  return nowMs - usedMs < SESSION_IDLE_MS && nowMs - startedMs < SESSION_LIFETIME_MS;
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
