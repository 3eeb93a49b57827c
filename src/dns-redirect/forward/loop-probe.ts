/**
 * Finds upstream resolvers that forward to this server, directly or through others. Each one is asked for a random name, at
 * start and every minute. If a query for that name arrives here, the resolver is not used until a later probe does not arrive.
 * Names below `.test` (RFC 6761) do not exist, so the probe loads no other server than the resolver. A resolver that answers
 * `.test` itself (Unbound does) hides a loop. Then a question that comes back joins itself, and ends with its deadline.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../domain/clock.js';
import type { DnsLog } from '../dns-log.js';
import { CLASS_IN, TYPE_TXT } from '../wire/dns-codes.js';
import { type DomainName, nameFromText } from '../wire/domain-name.js';
import type { Forwarder } from './forwarder.js';
import type { UpstreamResolver } from './upstream-resolver.js';

const PROBE_SUFFIX = nameFromText('loop-probe.alias-tracker.test');
const PROBE_TIMEOUT_MS = 2_000;

export class LoopProbe {
  readonly #awaited = new Map<DomainName, UpstreamResolver>();
  readonly #seen = new Set<UpstreamResolver>();
  readonly #forwarder: Forwarder;
  readonly #clock: Clock;
  readonly #log: DnsLog;

  constructor(forwarder: Forwarder, clock: Clock, log: DnsLog) {
    this.#forwarder = forwarder;
    this.#clock = clock;
    this.#log = log;
  }

  /** True if a query for this name is a probe of this server. */
  recognise(name: DomainName): boolean {
    if (this.#awaited.size === 0 || !name.endsWith(PROBE_SUFFIX)) return false;
    const resolver = this.#awaited.get(name);
    if (resolver === undefined) return false;
    this.#seen.add(resolver);
    return true;
  }

  /** Probes every resolver. {@link Forwarder} uses the result at once. Never rejects. */
  async run(): Promise<void> {
    await Promise.all(this.#forwarder.resolvers.map((resolver) => this.#probe(resolver)));
  }

  async #probe(resolver: UpstreamResolver): Promise<void> {
    const name = `\x18${randomBytes(12).toString('hex')}${PROBE_SUFFIX}`;
    this.#awaited.set(name, resolver);
    this.#seen.delete(resolver);
    await asked(resolver, name, this.#clock.nowMs());
    this.#awaited.delete(name);
    const loops = this.#seen.has(resolver);
    if (loops && !resolver.loops) {
      this.#log.warn(
        { resolver: resolver.label },
        'this upstream resolver forwards to this server, so it is not used; give dnsRedirect.upstreamResolvers one that resolves by itself',
      );
    }
    resolver.loops = loops;
  }
}

/** Until there is an answer. It does not matter, nor a missing one. */
function asked(resolver: UpstreamResolver, name: DomainName, nowMs: number): Promise<void> {
  const question = { name, type: TYPE_TXT, class: CLASS_IN };
  const flags = { dnssecOk: false, checkingDisabled: false, recursionDesired: true };
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      probe.cancel();
      resolve();
    };
    const timer = setTimeout(end, PROBE_TIMEOUT_MS).unref();
    const probe = resolver.askOverUdp({ ...question, ...flags }, nowMs, end, end);
  });
}
