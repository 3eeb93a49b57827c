/** What the redirection counts, as plain numbers that only rise; `src/app` shows them as metrics. */

export interface DnsCounters {
  queries: number;
  /** Answered with our addresses. */
  redirected: number;
  /** Redirected names asked for another type. */
  nodata: number;
  /** Answered by an upstream resolver. */
  forwarded: number;
  /** SERVFAIL because no upstream resolver answered. */
  failed: number;
  /** Of the forwarded: listed names whose target is unhealthy. */
  withdrawn: number;
  refused: number;
  malformed: number;
  rateLimited: number;
  /** Turned away because too much was in flight. */
  overloaded: number;
  /** Queries over TCP, and connections turned away. */
  overTcp: number;
  connectionsRefused: number;
  /** Queries by type; what is not listed counts as `other`. */
  readonly byType: Record<string, number>;
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [43, 'DS'],
  [48, 'DNSKEY'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [255, 'ANY'],
]);

export function createDnsCounters(): DnsCounters {
  return {
    queries: 0,
    redirected: 0,
    nodata: 0,
    forwarded: 0,
    failed: 0,
    withdrawn: 0,
    refused: 0,
    malformed: 0,
    rateLimited: 0,
    overloaded: 0,
    overTcp: 0,
    connectionsRefused: 0,
    byType: Object.fromEntries([...TYPE_NAMES.values(), 'other'].map((name) => [name, 0])),
  };
}

export function countType(counters: DnsCounters, type: number): void {
  counters.byType[TYPE_NAMES.get(type) ?? 'other']! += 1;
}
