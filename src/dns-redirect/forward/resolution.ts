/**
 * Asks the upstream resolvers one question. Attempts start at fixed times (0, 1.2 and 2.4 s), or as soon as one has failed.
 * Earlier attempts continue, and the first good answer counts, however late. An answer that does not fit a
 * datagram is fetched over TCP. SERVFAIL and REFUSED count only if no other resolver has a better answer.
 */
import type { Clock } from '../../domain/clock.js';
import { messageOf } from '../../domain/errors.js';
import { FLAG_TRUNCATED, RCODE_FORMERR, RCODE_NXDOMAIN, RCODE_SERVFAIL, TYPE_OPT } from '../wire/dns-codes.js';
import type { DnsMessage } from '../wire/dns-message.js';
import { type ForwardedQuestion, readAnswer } from './forwarded-question.js';
import type { Asked } from './resolver-sockets.js';
import type { UpstreamResolver } from './upstream-resolver.js';

export type Resolved =
  | { readonly kind: 'answered'; readonly message: DnsMessage }
  /** @property network whether the resolvers could not even be reached */
  | { readonly kind: 'failed'; readonly reason: string; readonly network: boolean };

export interface ResolutionParts {
  readonly clock: Clock;
  /** Between the starts of attempts. */
  readonly attemptEveryMs: number;
  /** From the start to the end without an answer. */
  readonly deadlineMs: number;
  /** A resolver is asked last from now on. */
  readonly onPenalty: (resolver: UpstreamResolver, reason: string) => void;
}

export const MAX_ATTEMPTS = 3;

interface Attempt {
  readonly resolver: UpstreamResolver;
  asked: Asked | undefined;
  /** It failed, or the resolver answered with an error. */
  ended: boolean;
}

export class Resolution {
  readonly #question: ForwardedQuestion;
  readonly #resolvers: readonly UpstreamResolver[];
  readonly #parts: ResolutionParts;
  readonly #onEnd: (resolved: Resolved) => void;
  readonly #attempts: Attempt[] = [];
  readonly #deadline: NodeJS.Timeout;
  #nextAttempt: NodeJS.Timeout | undefined;
  #unwilling: DnsMessage | undefined;
  #reason = 'no answer in time';
  #answeredAtAll = false;
  #networkErrors = 0;
  #ended = false;

  /** @param resolvers in the order of preference, at least one */
  constructor(
    question: ForwardedQuestion,
    resolvers: readonly UpstreamResolver[],
    parts: ResolutionParts,
    onEnd: (resolved: Resolved) => void,
  ) {
    this.#question = question;
    this.#resolvers = resolvers;
    this.#parts = parts;
    this.#onEnd = onEnd;
    this.#deadline = setTimeout(() => this.#fail(), parts.deadlineMs).unref();
    this.#attempt();
  }

  /** Ends it without a result. */
  cancel(): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#nextAttempt);
    for (const { asked } of this.#attempts) asked?.cancel();
  }

  #attempt(): void {
    clearTimeout(this.#nextAttempt);
    if (this.#ended) return;
    const resolver = this.#next();
    if (resolver === undefined) {
      if (this.#attempts.every(({ ended }) => ended)) this.#fail();
      return;
    }
    const attempt: Attempt = { resolver, asked: undefined, ended: false };
    this.#attempts.push(attempt);
    this.#nextAttempt = setTimeout(() => {
      this.#noteFailure(resolver, 'no answer in time');
      this.#attempt();
    }, this.#parts.attemptEveryMs).unref();
    this.#ask(attempt, 'udp');
  }

  /** The first resolver that was not asked yet; otherwise the one that has been silent for longest. */
  #next(): UpstreamResolver | undefined {
    const fresh = this.#resolvers.find((each) => !this.#attempts.some(({ resolver }) => resolver === each));
    if (fresh !== undefined) return fresh;
    if (this.#attempts.length >= MAX_ATTEMPTS) return undefined;
    const last = new Map(this.#attempts.map((attempt) => [attempt.resolver, attempt]));
    return [...last.values()].find(({ ended }) => !ended)?.resolver;
  }

  #ask(attempt: Attempt, transport: 'udp' | 'tcp'): void {
    const { resolver } = attempt;
    const nowMs = this.#parts.clock.nowMs();
    const onAnswer = (packet: Buffer): void => this.#take(attempt, packet, transport);
    const onError = (error: Error): void => {
      this.#networkErrors++;
      this.#attemptFailed(attempt, messageOf(error));
    };
    attempt.asked?.cancel();
    attempt.asked =
      transport === 'udp'
        ? resolver.askOverUdp(this.#question, nowMs, onAnswer, onError)
        : resolver.askOverTcp(this.#question, nowMs, onAnswer, onError);
  }

  #take(attempt: Attempt, packet: Buffer, transport: 'udp' | 'tcp'): void {
    if (this.#ended || attempt.ended) return;
    const { resolver } = attempt;
    if (transport === 'udp' && (packet.readUInt16BE(2) & FLAG_TRUNCATED) !== 0) {
      resolver.answered();
      this.#ask(attempt, 'tcp');
      return;
    }
    let message: DnsMessage;
    try {
      message = readAnswer(packet, this.#question);
    } catch (thrown) {
      this.#attemptFailed(attempt, messageOf(thrown));
      return;
    }
    resolver.answered();
    this.#answeredAtAll = true;
    const rcode = message.flags & 15;
    if (rcode === RCODE_FORMERR && this.#refusesEdns(resolver, message)) {
      resolver.refusedEdns(this.#parts.clock.nowMs());
      this.#ask(attempt, transport);
    } else if (isExtended(message) || (rcode > 1 && rcode !== RCODE_NXDOMAIN)) {
      attempt.ended = true;
      this.#unwilling ??= message;
      this.#attempt();
    } else {
      this.#finish({ kind: 'answered', message });
    }
  }

  #refusesEdns(resolver: UpstreamResolver, message: DnsMessage): boolean {
    return resolver.takesEdns(this.#parts.clock.nowMs()) && !message.additionals.some(({ type }) => type === TYPE_OPT);
  }

  #attemptFailed(attempt: Attempt, reason: string): void {
    if (this.#ended || attempt.ended) return;
    attempt.ended = true;
    attempt.asked?.cancel();
    this.#noteFailure(attempt.resolver, reason);
    // An attempt that is still waited for has its own timer for the next one.
    this.#attempt();
  }

  #noteFailure(resolver: UpstreamResolver, reason: string): void {
    this.#reason = `${resolver.label}: ${reason}`;
    const isNew = resolver.failed(this.#question.name, this.#parts.clock.nowMs());
    if (isNew) this.#parts.onPenalty(resolver, reason);
  }

  #fail(): void {
    if (this.#unwilling !== undefined) {
      this.#finish({ kind: 'answered', message: { ...this.#unwilling, ...UNWILLING_FLAGS(this.#unwilling) } });
      return;
    }
    const network = !this.#answeredAtAll && this.#networkErrors >= this.#attempts.length;
    this.#finish({ kind: 'failed', reason: this.#reason, network });
  }

  #finish(resolved: Resolved): void {
    if (this.#ended) return;
    this.cancel();
    this.#onEnd(resolved);
  }
}

/** An rcode whose upper bits are in the OPT record (BADVERS, BADCOOKIE): this server did not cause it, so it is a failure. */
function isExtended({ additionals }: DnsMessage): boolean {
  const opt = additionals.find(({ type }) => type === TYPE_OPT);
  return opt !== undefined && opt.ttl >>> 24 !== 0;
}

const UNWILLING_FLAGS = (message: DnsMessage): Pick<DnsMessage, 'flags'> =>
  isExtended(message) ? { flags: (message.flags & ~15) | RCODE_SERVFAIL } : { flags: message.flags };
