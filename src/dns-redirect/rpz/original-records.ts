/**
 * Looks up the records of originals that a response policy zone must repeat, because it makes every type NODATA that it does
 * not list: MX (mail goes on), TXT (SPF, proofs of ownership) and CAA (certificates). It asks resolvers that do not redirect.
 * NS, SOA and DS records cannot be repeated in such a zone.
 */
import { Resolver } from 'node:dns/promises';
import { errorCodeOf } from '../../domain/errors.js';
import { type Endpoint, formatEndpoint } from '../../net/endpoint.js';
import { TYPE_CAA, TYPE_MX, TYPE_TXT } from '../wire/dns-codes.js';
import { nameFromText } from '../wire/domain-name.js';
import { nameData } from '../wire/rdata-values.js';
import type { CopiedRecord } from './compile-zones.js';
import { COPIES_IN_PARALLEL, COPY_TIMEOUT_MS, MAX_COPIED_BYTES, MAX_COPIED_RECORDS } from './limits.js';

type LookUp = (client: Resolver, name: string) => Promise<Uint8Array[]>;

const LOOK_UPS: readonly { readonly type: number; readonly lookUp: LookUp }[] = [
  {
    type: TYPE_MX,
    lookUp: async (client, name) =>
      (await client.resolveMx(name)).map(({ priority, exchange }) =>
        bytesOf([priority >>> 8, priority & 255], nameData(nameFromText(exchange))),
      ),
  },
  {
    type: TYPE_TXT,
    lookUp: async (client, name) =>
      (await client.resolveTxt(name)).map((strings) => bytesOf(...strings.map(characterString))),
  },
  {
    type: TYPE_CAA,
    lookUp: async (client, name) =>
      (await client.resolveCaa(name)).flatMap(({ critical, ...properties }) =>
        Object.entries(properties).map(([tag, value]) =>
          bytesOf([critical], characterString(tag), Buffer.from(String(value), 'latin1')),
        ),
      ),
  },
];
export const COPIED_TYPES: readonly number[] = LOOK_UPS.map(({ type }) => type);
/** The name, or the type at it, does not exist. Everything else is a failure of the resolver. */
const ABSENT = ['ENODATA', 'ENOTFOUND'];

/** The records of each name. If a look-up fails, the earlier records are kept. */
export class OriginalRecords {
  readonly #client: Resolver;
  readonly #records: Map<string, Map<number, readonly CopiedRecord[]>>;

  /**
   * @param resolvers at least one; they must not redirect
   * @param known of an earlier run
   */
  constructor(resolvers: readonly Endpoint[], known: ReadonlyMap<string, readonly CopiedRecord[]> = new Map()) {
    this.#client = new Resolver({ timeout: COPY_TIMEOUT_MS, tries: 2 });
    this.#client.setServers(resolvers.map(formatEndpoint));
    this.#records = new Map([...known].map(([name, records]) => [name, byType(records)]));
  }

  /** Looks all of these up, some at a time, and forgets other names. */
  async refresh(names: readonly string[]): Promise<{ readonly answered: number; readonly failed: number }> {
    for (const name of [...this.#records.keys()]) if (!names.includes(name)) this.#records.delete(name);
    const waiting = names.flatMap((name) => LOOK_UPS.map((each) => ({ name, ...each })));
    const failed: string[] = [];
    let answered = 0;
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const records = await this.#lookUp(next.name, next.type, next.lookUp);
        if (records === undefined) {
          failed.push(next.name);
          continue;
        }
        answered++;
        const types = this.#records.get(next.name) ?? byType([]);
        this.#records.set(next.name, types.set(next.type, records));
      }
    };
    await Promise.all(Array.from({ length: COPIES_IN_PARALLEL }, work));
    // The resolvers answer for other names, so the servers of these names are down, and no user gets their records anyway.
    if (answered > 0) for (const name of failed) this.#records.set(name, this.#records.get(name) ?? byType([]));
    return { answered, failed: failed.length };
  }

  /** By name. A name is missing until a resolver has answered: without its MX records, its mail would be lost. */
  get copies(): ReadonlyMap<string, readonly CopiedRecord[]> {
    return new Map([...this.#records].map(([name, types]) => [name, bounded([...types.values()].flat())]));
  }

  /** Ends look-ups that have not been answered. */
  stop(): void {
    this.#client.cancel();
  }

  /** @returns undefined if no resolver answered */
  async #lookUp(name: string, type: number, lookUp: LookUp): Promise<readonly CopiedRecord[] | undefined> {
    try {
      return (await lookUp(this.#client, name)).map((data) => ({ type, data }));
    } catch (thrown) {
      return ABSENT.includes(errorCodeOf(thrown) ?? '') ? [] : undefined;
    }
  }
}

function byType(records: readonly CopiedRecord[]): Map<number, readonly CopiedRecord[]> {
  return new Map(LOOK_UPS.map(({ type }) => [type, records.filter((record) => record.type === type)]));
}

/** A stranger chooses how many records its name has. */
function bounded(records: readonly CopiedRecord[]): CopiedRecord[] {
  let bytes = 0;
  // Resolvers rotate records; the same ones must be chosen each time.
  const inOrder = [...records].sort((a, b) => a.type - b.type || Buffer.compare(a.data, b.data));
  return inOrder.slice(0, MAX_COPIED_RECORDS).filter(({ data }) => {
    bytes += data.length;
    return bytes <= MAX_COPIED_BYTES;
  });
}

/** RFC 1035 section 3.3. Node.js gives one character for each octet. */
function characterString(text: string): Uint8Array {
  const octets = Buffer.from(text, 'latin1').subarray(0, 255);
  return bytesOf([octets.length], octets);
}

function bytesOf(...parts: readonly ArrayLike<number>[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}
