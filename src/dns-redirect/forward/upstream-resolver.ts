/** One upstream resolver: its sockets and connections, and whether it has answered recently. */
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import type { DomainName } from '../wire/domain-name.js';
import type { ForwardedQuestion } from './forwarded-question.js';
import { type Asked, type Connects, ResolverSockets } from './resolver-sockets.js';
import { ResolverStreams } from './resolver-streams.js';

/**
 * One name without an answer does not show that the resolver fails, because the servers of that name may be down. Three names
 * do. More would be worse: until the penalty, users wait for this resolver.
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

  /** @param attemptEveryMs after this long without an answer, the next resolver is asked as well */
  constructor(endpoint: Endpoint, transport: Connects, attemptEveryMs: number) {
    this.endpoint = endpoint;
    this.label = formatEndpoint(endpoint);
    this.#sockets = new ResolverSockets(endpoint, transport);
    this.#streams = new ResolverStreams(endpoint, attemptEveryMs / 2);
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
    // One name less than the limit remains, so that the next failure alone renews the penalty.
    while (this.#failedNames.size >= FAILED_NAMES_OF_A_PENALTY) {
      this.#failedNames.delete(this.#failedNames.values().next().value!);
    }
    return isNew;
  }

  /** Ends the penalty. An error is an answer as well. */
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
