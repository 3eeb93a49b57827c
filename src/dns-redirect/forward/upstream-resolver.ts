/** One upstream resolver: how to ask it, and whether it answers lately. */
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import type { DomainName } from '../wire/domain-name.js';
import type { ForwardedQuestion } from './forwarded-question.js';
import { type Asked, type Connects, ResolverSockets } from './resolver-sockets.js';
import { ResolverStreams } from './resolver-streams.js';

/**
 * One name that nobody answers says little of the resolver that is asked for it: its servers may be down. Three do. Until then
 * the resolver costs its users a wait, so there are not more.
 */
const FAILED_NAMES_OF_A_PENALTY = 3;
/** How long a resolver that failed is asked last. */
export const PENALTY_MS = 15_000;
/** How long a resolver that refused EDNS is asked without it. */
const WITHOUT_EDNS_MS = 60_000;

export class UpstreamResolver {
  readonly endpoint: Endpoint;
  readonly label: string;
  /** It forwards to this server; see `loop-probe.ts`. */
  loops = false;
  readonly #sockets: ResolverSockets;
  readonly #streams: ResolverStreams;
  readonly #failedNames = new Set<DomainName>();
  #penalisedUntilMs = Number.NEGATIVE_INFINITY;
  #withoutEdnsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(endpoint: Endpoint, transport: Connects) {
    this.endpoint = endpoint;
    this.label = formatEndpoint(endpoint);
    this.#sockets = new ResolverSockets(endpoint, transport);
    this.#streams = new ResolverStreams(endpoint);
  }

  isPenalised(nowMs: number): boolean {
    return this.#penalisedUntilMs > nowMs;
  }

  /** @returns whether it is asked last from now on, and was not before */
  failed(name: DomainName, nowMs: number): boolean {
    this.#failedNames.add(name);
    if (this.#failedNames.size < FAILED_NAMES_OF_A_PENALTY) return false;
    const isNew = !this.isPenalised(nowMs);
    this.#penalisedUntilMs = nowMs + PENALTY_MS;
    // Enough for the next failure alone to renew it.
    while (this.#failedNames.size >= FAILED_NAMES_OF_A_PENALTY) {
      this.#failedNames.delete(this.#failedNames.values().next().value!);
    }
    return isNew;
  }

  /** Whatever it answered. */
  answered(): void {
    this.#failedNames.clear();
    this.#penalisedUntilMs = Number.NEGATIVE_INFINITY;
  }

  refusedEdns(nowMs: number): void {
    this.#withoutEdnsUntilMs = nowMs + WITHOUT_EDNS_MS;
  }

  takesEdns(nowMs: number): boolean {
    return this.#withoutEdnsUntilMs <= nowMs;
  }

  askOverUdp(
    question: ForwardedQuestion,
    nowMs: number,
    onAnswer: (packet: Buffer) => void,
    onError: (error: Error) => void,
  ): Asked {
    return this.#sockets.ask(question, this.takesEdns(nowMs), onAnswer, onError);
  }

  askOverTcp(
    question: ForwardedQuestion,
    nowMs: number,
    onAnswer: (packet: Buffer) => void,
    onError: (error: Error) => void,
  ): Asked {
    return this.#streams.ask(question, this.takesEdns(nowMs), onAnswer, onError);
  }

  close(): void {
    this.#sockets.close();
    this.#streams.close();
  }
}
