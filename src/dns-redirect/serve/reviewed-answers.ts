/**
 * Which answer a client gets after an upstream resolver has answered: that answer, a changed one, or ours. `review-answer.ts`
 * decides, and this module finds the names that are redirected for the client and builds the changed answers.
 */
import type { RemoteAddress } from '../../transport/transport.js';
import { type AnswerTemplate, templateOf } from '../answer-template.js';
import { listedFor, type RedirectState, whyNotRedirected } from '../decide.js';
import type { StoredAnswer } from '../forward/stored-answer.js';
import type { OurAnswers } from '../our-answers.js';
import type { ListedName, Redirections } from '../redirections.js';
import { namesListed, type Review, reviewAnswer } from '../review-answer.js';
import { EDE_FORGED_ANSWER } from '../wire/dns-codes.js';
import type { DnsMessage } from '../wire/dns-message.js';
import type { DnsQuery } from '../wire/dns-query.js';
import { addressOf } from './subscriber.js';

/** The client gets our answer for this name. */
export interface Replaced {
  readonly listed: ListedName;
}

export class ReviewedAnswers {
  readonly #redirections: Redirections;
  readonly #ours: OurAnswers;
  readonly #state: RedirectState;

  constructor(redirections: Redirections, ours: OurAnswers, state: RedirectState) {
    this.#redirections = redirections;
    this.#ours = ours;
    this.#state = state;
  }

  /**
   * Most answers mention no listed name. That is found out once for each stored answer.
   * @returns the answer of the upstream resolver, changed if necessary
   */
  of(query: DnsQuery, client: RemoteAddress, answer: StoredAnswer): AnswerTemplate | Replaced {
    const redirections = this.#redirections;
    if (answer.readFor !== redirections) {
      answer.readFor = redirections;
      answer.namesListed = namesListed(
        answer.message,
        (name) => listedFor(name, query.type, redirections) !== undefined,
      );
    }
    if (!answer.namesListed) return answer.template;
    const review = this.#review(query, client, answer.message);
    if (review.kind === 'redirect' || review.kind === 'deny') return { listed: review.listed };
    return this.#changed(answer.message, review) ?? answer.template;
  }

  #review(query: DnsQuery, client: RemoteAddress, message: DnsMessage): Review {
    const { type, dnssecOk } = query;
    const redirections = this.#redirections;
    const address = addressOf(client);
    return reviewAnswer(message, {
      find: (name) => {
        const listed = listedFor(name, type, redirections);
        if (listed === undefined) return undefined;
        const why = whyNotRedirected(listed.redirected, type, address, redirections, this.#state);
        return why === undefined ? listed : undefined;
      },
      signedNames: redirections.policy.signedNames,
      dnssecOk,
    });
  }

  /** @returns undefined if the answer passes unchanged */
  #changed(
    message: DnsMessage,
    review: Exclude<Review, { readonly kind: 'redirect' | 'deny' }>,
  ): AnswerTemplate | undefined {
    switch (review.kind) {
      case 'pass':
        return undefined;
      case 'trim':
        return templateOf({ ...message, additionals: review.additionals });
      case 'text': {
        const ours = this.#ours.textAt(review.name, review.text);
        const whole = { ...message, flags: 0, answers: [...review.others, ours], authorities: [], additionals: [] };
        return templateOf(whole, EDE_FORGED_ANSWER, (record) => record === ours);
      }
      case 'cut': {
        const { chain, name, listed, denied } = review;
        const ours = this.#ours.recordsAt(name, listed, denied ? 0 : message.questions[0]!.type);
        const answers = [...chain, ...ours.answers];
        const cut = { ...message, flags: 0, answers, authorities: ours.authorities, additionals: [] };
        const own = new Set([...ours.answers, ...ours.authorities]);
        return templateOf(cut, undefined, (record) => own.has(record));
      }
    }
  }
}
