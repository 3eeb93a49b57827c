/**
 * Finds original trackers whose TXT record `BITTORRENT DENY ALL` (BEP 34) forbids announces. Their names are not redirected. The
 * look-up runs at the start, at a reload and every hour, with resolvers that do not redirect.
 */
import { Resolver } from 'node:dns/promises';
import { errorCodeOf } from '../../domain/errors.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import { deniesAll } from '../bittorrent-text.js';

const TIMEOUT_MS = 4_000;
/** The name, or the type at it, does not exist. Everything else is a failure of the resolver. */
const ABSENT = ['ENODATA', 'ENOTFOUND'];

export class DeniedTrackers {
  readonly #client = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  readonly #hasResolvers: boolean;
  #names: ReadonlySet<string> = new Set();

  /** @param resolvers must not redirect; without any, nobody is asked */
  constructor(resolvers: readonly Endpoint[]) {
    this.#hasResolvers = resolvers.length > 0;
    if (this.#hasResolvers) this.#client.setServers(resolvers.map(formatEndpoint));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** A name whose look-up fails stays as it was. @returns whether the result is another one than before. Never rejects */
  async refresh(names: readonly string[]): Promise<boolean> {
    if (!this.#hasResolvers) return false;
    const denied = new Set<string>();
    // One after another: there are few, and nothing waits for them.
    for (const name of names) if (await this.#isDenied(name)) denied.add(name);
    const changed = denied.size !== this.#names.size || [...denied].some((name) => !this.#names.has(name));
    this.#names = denied;
    return changed;
  }

  stop(): void {
    this.#client.cancel();
  }

  async #isDenied(name: string): Promise<boolean> {
    try {
      const records = await this.#client.resolveTxt(name);
      return deniesAll(records.map((parts) => parts.join('')));
    } catch (thrown) {
      return !ABSENT.includes(errorCodeOf(thrown) ?? '') && this.#names.has(name);
    }
  }
}
