/**
 * Finds upstream resolvers that send their questions back to this server, directly or through others: each is asked for
 * a name that nobody else can know; if that name arrives here, the resolver is excluded until a later probe stays away.
 * Names below `.test` (RFC 6761) never exist, so nothing beyond the resolver is burdened. A resolver that answers
 * `.test` itself (Unbound does) hides a loop from this; the cap on equal questions in flight bounds it then.
 */
import { randomBytes } from 'node:crypto';
import { type Endpoint, formatEndpoint } from '../net/endpoint.js';
import { askOverUdp } from './ask-resolver.js';
import type { DnsLog } from './dns-log.js';
import type { Forwarder } from './forwarder.js';
import { DNS_HEADER_BYTES } from './limits.js';
import { type Query, readQuery } from './query-packet.js';

const PROBE_SUFFIX = '.loop-probe.alias-tracker.test';
const TYPE_TXT = 16;
const PROBE_TIMEOUT_MS = 2_000;

export class LoopProbe {
  private readonly awaited = new Map<string, Endpoint>();
  private readonly seen = new Set<Endpoint>();

  constructor(
    private readonly resolvers: readonly Endpoint[],
    private readonly forwarder: Forwarder,
    private readonly log: DnsLog,
  ) {}

  /** True where the query is a probe of ours that came back. */
  recognise(query: Query): boolean {
    const name = query.question.name?.toLowerCase();
    if (name === undefined || !name.endsWith(PROBE_SUFFIX)) return false;
    const resolver = this.awaited.get(name);
    if (resolver === undefined) return false;
    this.seen.add(resolver);
    return true;
  }

  /** Probes every resolver; the verdict counts for {@link Forwarder} at once. Never rejects. */
  async run(): Promise<void> {
    await Promise.all(
      this.resolvers.map(async (resolver) => {
        const name = `${randomBytes(12).toString('hex')}${PROBE_SUFFIX}`;
        this.awaited.set(name, resolver);
        this.seen.delete(resolver);
        // Whatever it answers, and whether it does, is no matter here.
        await askOverUdp(resolver, probeQuery(name), PROBE_TIMEOUT_MS).catch(() => undefined);
        this.awaited.delete(name);
        if (this.seen.has(resolver)) {
          this.forwarder.exclude(resolver);
          this.log.warn(
            { resolver: formatEndpoint(resolver) },
            'this upstream resolver asks this server again, so it is not used; give dnsRedirect.upstreamResolvers one that resolves by itself',
          );
        } else {
          this.forwarder.readmit(resolver);
        }
      }),
    );
  }
}

function probeQuery(name: string): Query {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  const header = Buffer.alloc(DNS_HEADER_BYTES);
  header.writeUInt16BE(0x0100, 2); // recursion desired
  header.writeUInt16BE(1, 4);
  const reading = readQuery(Buffer.concat([header, ...labels, Buffer.of(0, 0, TYPE_TXT, 0, 1)]));
  if (reading.kind !== 'query') throw new Error('the probe is no query');
  return reading.query;
}
