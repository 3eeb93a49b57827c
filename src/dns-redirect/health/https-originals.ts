/**
 * Original sites that answer over HTTPS. Their names are redirected only while the mirror site does, too. They are looked up and
 * connected to past the redirection, at the start, at a reload, and every hour. One that had HTTPS counts as having it until the
 * next start: a short failure of it must not send its users to a closed port.
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
