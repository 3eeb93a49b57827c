/**
 * Rate-limits guesses of credentials. After a few wrong ones an address (an IPv6 /64) has to wait. If many addresses
 * send wrong signatures in the name of one probe, all signatures in that name have to wait; one address alone cannot
 * cause this. Neither limit locks out a caller whose credentials were valid from the same address before: they are still
 * checked, at the rate of a busy probe. This is not stored, so after a restart each caller has to succeed once. All
 * memory is bounded.
 */
import { forgetOldest } from '../domain/forget-oldest.js';
import { MAX_RATE_KEYS } from '../net/limits.js';
import { RateLimit, subscriberOf } from '../net/rate-limit.js';
import {
  PROBE_REQUEST_BURST,
  PROBE_REQUESTS_PER_SECOND,
  WRONG_CREDENTIALS_BURST,
  WRONG_CREDENTIALS_LOGGED_PER_SECOND,
  WRONG_CREDENTIALS_PER_SECOND,
} from './limits.js';
import { Problem } from './problem.js';

/** What a request presents, before it is checked. */
export interface Attempt {
  /** RFC 5952 text. */
  readonly address: string;
  /** Identifies a credential without containing a secret: the hash of a token, or the name of a probe that signs. */
  readonly credential: string;
  /** Whose name a signature uses. */
  readonly probe?: string;
}

export interface WrongCredentials {
  readonly address: string;
  readonly kind: 'token' | 'signature';
  readonly probe: string | undefined;
}

export class GuessGuard {
  /** Wrong credentials since the start, by kind. */
  readonly counts = { token: 0, signature: 0 };
  readonly #wrong = new RateLimit(WRONG_CREDENTIALS_PER_SECOND, WRONG_CREDENTIALS_BURST);
  /** One token of a probe's bucket for each address, until that bucket would have refilled. */
  readonly #wrongInName = new RateLimit(WRONG_CREDENTIALS_PER_SECOND / WRONG_CREDENTIALS_BURST, 1);
  readonly #known = new RateLimit(PROBE_REQUESTS_PER_SECOND, PROBE_REQUEST_BURST);
  readonly #logged = new RateLimit(WRONG_CREDENTIALS_LOGGED_PER_SECOND, 1);
  readonly #right = new Set<string>();
  readonly #onWrong: (wrong: WrongCredentials) => void;

  /** @param onWrong at most once a minute for each address */
  constructor(onWrong: (wrong: WrongCredentials) => void) {
    this.#onWrong = onWrong;
  }

  /** Call this before checking anything. @throws Problem `too-many-requests` */
  admit(attempt: Attempt, nowMs: number): void {
    const subscriber = subscriberOf(attempt.address);
    const waitSeconds = Math.max(
      this.#wrong.waitSeconds(subscriber, nowMs),
      attempt.probe === undefined ? 0 : this.#wrong.waitSeconds(`probe ${attempt.probe}`, nowMs),
    );
    if (waitSeconds === 0) return;
    const isKnown = this.#right.has(`${subscriber} ${attempt.credential}`);
    if (this.#known.take(subscriber, nowMs) === 0 && isKnown) return;
    throw new Problem('too-many-requests', `too many wrong credentials; try again in ${waitSeconds} s`, {
      retryAfterSeconds: waitSeconds,
    });
  }

  right(attempt: Attempt): void {
    const key = `${subscriberOf(attempt.address)} ${attempt.credential}`;
    if (this.#right.has(key)) return;
    this.#right.add(key);
    forgetOldest(this.#right, MAX_RATE_KEYS);
  }

  wrong({ address, probe }: Attempt, kind: WrongCredentials['kind'], nowMs: number): void {
    this.counts[kind]++;
    const subscriber = subscriberOf(address);
    this.#wrong.take(subscriber, nowMs);
    if (probe !== undefined && this.#wrongInName.take(`${subscriber} ${probe}`, nowMs) === 0) {
      this.#wrong.take(`probe ${probe}`, nowMs);
    }
    if (this.#logged.take(subscriber, nowMs) === 0) this.#onWrong({ address, kind, probe });
  }
}
