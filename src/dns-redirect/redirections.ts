/** The policy compiled for the thread that answers: names as keys in wire form. */
import type { RedirectedName, RedirectPolicy } from './redirect-policy.js';
import { type DomainName, nameFromText } from './wire/domain-name.js';

export interface ListedName {
  readonly redirected: RedirectedName;
  /** Octets of the name before its zone (`www.`), for the owner of the SOA in a denial. */
  readonly zoneAt: number;
}

export class Redirections {
  readonly policy: RedirectPolicy;
  readonly #names = new Map<DomainName, ListedName>();

  constructor(policy: RedirectPolicy) {
    this.policy = policy;
    for (const [text, redirected] of policy.names) {
      const name = nameFromText(text);
      this.#names.set(name, { redirected, zoneAt: name.length - nameFromText(redirected.zone).length });
    }
  }

  /** @param name canonical */
  find(name: DomainName): ListedName | undefined {
    return this.#names.get(name);
  }
}
