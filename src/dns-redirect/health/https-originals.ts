/**
 * Finds the original sites that answer over HTTPS. Such a name is redirected only while the mirror site also answers over HTTPS
 * for it. The check runs at the start, at a reload and every hour, with resolvers that do not redirect. A site that once answered
 * over HTTPS counts as such until the program restarts, so a short outage of the original sends nobody to a closed port.
 */
import { Resolver } from 'node:dns/promises';
import { parseIp } from '../../domain/ip-address.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import { type FactsNeeds, httpsAt } from '../coverage/original-facts.js';

const TIMEOUT_MS = 4_000;
/** Names at once. */
const IN_PARALLEL = 8;

export class HttpsOriginals {
  readonly #client = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  readonly #hasResolvers: boolean;
  readonly #blockedReason: FactsNeeds['blockedReason'];
  readonly #names = new Set<string>();
  #stopped = false;

  /** @param resolvers must not redirect; without any, nobody is asked */
  constructor(resolvers: readonly Endpoint[], blockedReason: FactsNeeds['blockedReason']) {
    this.#hasResolvers = resolvers.length > 0;
    this.#blockedReason = blockedReason;
    if (this.#hasResolvers) this.#client.setServers(resolvers.map(formatEndpoint));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @returns whether more names are known to have HTTPS than before. Never rejects */
  async refresh(names: readonly string[]): Promise<boolean> {
    if (!this.#hasResolvers) return false;
    const before = this.#names.size;
    const waiting = names.filter((name) => !this.#names.has(name));
    const work = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined && !this.#stopped; name = waiting.shift()) {
        if (await this.#hasHttps(name)) this.#names.add(name);
      }
    };
    await Promise.all(Array.from({ length: IN_PARALLEL }, work));
    return this.#names.size > before;
  }

  stop(): void {
    this.#stopped = true;
    this.#client.cancel();
  }

  async #hasHttps(name: string): Promise<boolean> {
    const found = await Promise.allSettled([this.#client.resolve4(name), this.#client.resolve6(name)]);
    const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value.map(parseIp) : []));
    return (await httpsAt(name, addresses, this.#blockedReason))?.answers ?? false;
  }
}
