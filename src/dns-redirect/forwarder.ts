/**
 * Forwards questions that are not redirected to the upstream resolvers, and passes on their answers, both byte for byte. If
 * a resolver does not answer, or answers SERVFAIL or REFUSED, the next one is asked. A resolver that failed is asked last for
 * a while. A truncated answer is passed on unchanged: the client asks again over TCP, and the forwarder too. It has no
 * cache, because the upstream resolvers have one.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { Endpoint } from '../net/endpoint.js';
import { formatEndpoint } from '../net/endpoint.js';
import { askOverTcp, askOverUdp, rcodeOf } from './ask-resolver.js';
import {
  FORWARD_ATTEMPT_TIMEOUT_MS,
  FORWARDER_PENALTY_MS,
  MAX_FORWARD_ATTEMPTS,
  MAX_FORWARDS_IN_FLIGHT,
  MAX_SAME_QUESTION_IN_FLIGHT,
} from './limits.js';
import { type Query, RCODE_REFUSED, RCODE_SERVFAIL } from './query-packet.js';

export type Forwarding =
  | { readonly kind: 'answered'; readonly packet: Buffer }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'overloaded' };

export interface ForwarderOptions {
  readonly resolvers: readonly Endpoint[];
  readonly clock: Clock;
  readonly attemptTimeoutMs?: number;
  readonly maxInFlight?: number;
}

export class Forwarder {
  readonly #resolvers: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #attemptTimeoutMs: number;
  readonly #maxInFlight: number;
  readonly #penalisedUntilMs = new Map<Endpoint, number>();
  /** Resolvers that forward to this server; see `loop-probe.ts`. */
  readonly #looping = new Set<Endpoint>();
  readonly #sameQuestion = new Map<string, number>();
  #inFlight = 0;

  constructor(options: ForwarderOptions) {
    this.#resolvers = options.resolvers;
    this.#clock = options.clock;
    this.#attemptTimeoutMs = options.attemptTimeoutMs ?? FORWARD_ATTEMPT_TIMEOUT_MS;
    this.#maxInFlight = options.maxInFlight ?? MAX_FORWARDS_IN_FLIGHT;
  }

  exclude(resolver: Endpoint): void {
    this.#looping.add(resolver);
  }

  readmit(resolver: Endpoint): void {
    this.#looping.delete(resolver);
  }

  /** Never rejects. */
  async forward(query: Query, transport: 'udp' | 'tcp'): Promise<Forwarding> {
    const key = query.questionBytes.toString('latin1').toLowerCase();
    const same = this.#sameQuestion.get(key) ?? 0;
    if (this.#inFlight >= this.#maxInFlight || same >= MAX_SAME_QUESTION_IN_FLIGHT) return { kind: 'overloaded' };
    this.#inFlight++;
    this.#sameQuestion.set(key, same + 1);
    try {
      return await this.#tryEach(query, transport);
    } finally {
      this.#inFlight--;
      const left = this.#sameQuestion.get(key)! - 1;
      if (left === 0) this.#sameQuestion.delete(key);
      else this.#sameQuestion.set(key, left);
    }
  }

  async #tryEach(query: Query, transport: 'udp' | 'tcp'): Promise<Forwarding> {
    const ask = transport === 'udp' ? askOverUdp : askOverTcp;
    const resolvers = this.#inOrder();
    if (resolvers.length === 0) return { kind: 'failed', reason: 'every upstream resolver forwards to this server' };
    let unwilling: Buffer | undefined;
    let reason = '';
    // A single resolver is asked twice, because a datagram may have been lost.
    const attempts = Math.min(MAX_FORWARD_ATTEMPTS, Math.max(2, resolvers.length));
    for (let i = 0; i < attempts; i++) {
      const resolver = resolvers[i % resolvers.length]!;
      try {
        const packet = await ask(resolver, query, this.#attemptTimeoutMs);
        if (rcodeOf(packet) !== RCODE_SERVFAIL && rcodeOf(packet) !== RCODE_REFUSED)
          return { kind: 'answered', packet };
        unwilling ??= packet;
        // It works and refused. A retry gets the same answer.
        if (i + 1 >= resolvers.length) break;
      } catch (thrown) {
        reason = `${formatEndpoint(resolver)}: ${messageOf(thrown)}`;
        this.#penalisedUntilMs.set(resolver, this.#clock.nowMs() + FORWARDER_PENALTY_MS);
      }
    }
    return unwilling ? { kind: 'answered', packet: unwilling } : { kind: 'failed', reason };
  }

  /** In the configured order, with those that failed recently last. */
  #inOrder(): Endpoint[] {
    const nowMs = this.#clock.nowMs();
    const usable = this.#resolvers.filter((resolver) => !this.#looping.has(resolver));
    const failedLately = (resolver: Endpoint): boolean => (this.#penalisedUntilMs.get(resolver) ?? 0) > nowMs;
    return [...usable.filter((r) => !failedLately(r)), ...usable.filter(failedLately)];
  }
}
