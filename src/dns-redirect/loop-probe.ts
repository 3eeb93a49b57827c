/**
 * Finds upstream resolvers that forward to this server, directly or through others. Each one is asked for a random name. If
 * a query for that name arrives here, the resolver is excluded until a later probe does not arrive. Names below `.test`
 * (RFC 6761) do not exist, so the probe loads no other server than the resolver. A resolver that answers `.test` itself
 * (Unbound does) hides a loop. Then the limit on equal questions in flight bounds it.
 */
import { randomBytes } from 'node:crypto';
import { type Endpoint, formatEndpoint } from '../net/endpoint.js';
import { askOverUdp } from './ask-resolver.js';
import type { DnsLog } from './dns-log.js';
import type { Forwarder } from './forwarder.js';
import { type Query, readQuery } from './query-packet.js';
import { CLASS_IN, FLAG_RECURSION_DESIRED, TYPE_TXT } from './wire/dns-codes.js';
import { nameFromText } from './wire/domain-name.js';
import { writeMessage } from './wire/message-writer.js';

const PROBE_SUFFIX = '.loop-probe.alias-tracker.test';
const PROBE_TIMEOUT_MS = 2_000;

export class LoopProbe {
  readonly #awaited = new Map<string, Endpoint>();
  readonly #seen = new Set<Endpoint>();
  readonly #resolvers: readonly Endpoint[];
  readonly #forwarder: Forwarder;
  readonly #log: DnsLog;

  constructor(resolvers: readonly Endpoint[], forwarder: Forwarder, log: DnsLog) {
    this.#resolvers = resolvers;
    this.#forwarder = forwarder;
    this.#log = log;
  }

  /** True if the query is a probe of this server. */
  recognise(query: Query): boolean {
    const name = query.question.name?.toLowerCase();
    if (name === undefined || !name.endsWith(PROBE_SUFFIX)) return false;
    const resolver = this.#awaited.get(name);
    if (resolver === undefined) return false;
    this.#seen.add(resolver);
    return true;
  }

  /** Probes every resolver. {@link Forwarder} uses the result at once. Never rejects. */
  async run(): Promise<void> {
    await Promise.all(
      this.#resolvers.map(async (resolver) => {
        const name = `${randomBytes(12).toString('hex')}${PROBE_SUFFIX}`;
        this.#awaited.set(name, resolver);
        this.#seen.delete(resolver);
        // The answer does not matter, nor a missing one.
        await askOverUdp(resolver, probeQuery(name), PROBE_TIMEOUT_MS).catch(() => undefined);
        this.#awaited.delete(name);
        if (this.#seen.has(resolver)) {
          this.#forwarder.exclude(resolver);
          this.#log.warn(
            { resolver: formatEndpoint(resolver) },
            'this upstream resolver forwards to this server, so it is not used; give dnsRedirect.upstreamResolvers one that resolves by itself',
          );
        } else {
          this.#forwarder.readmit(resolver);
        }
      }),
    );
  }
}

function probeQuery(name: string): Query {
  const questions = [{ name: nameFromText(name), type: TYPE_TXT, class: CLASS_IN }];
  const flags = FLAG_RECURSION_DESIRED;
  const reading = readQuery(writeMessage({ id: 0, flags, questions, answers: [], authorities: [], additionals: [] }));
  if (reading.kind !== 'query') throw new Error('the probe is not a query');
  return reading.query;
}
