/** The counters of the redirection, as numbers that only increase. `api/redirection-metrics.ts` publishes them as metrics. */
import type { Decision } from './decide.js';
import { type NameCounters, SHADOWED, WITHHELD } from './name-counters.js';

export interface DnsCounters {
  queries: number;
  /** Answered with our addresses. */
  redirected: number;
  /** Redirected names asked for another type. */
  nodata: number;
  /** Answered by an upstream resolver. */
  forwarded: number;
  /** Answered from the cache. */
  cached: number;
  /** Answered from the cache although it has expired, because no upstream resolver answers. */
  stale: number;
  /** Questions that joined an equal one in flight. */
  coalesced: number;
  /** Denied here: `resolver.arpa` and canary names. */
  local: number;
  /** SERVFAIL because no upstream resolver answered. */
  failed: number;
  /** Forwarded although the name and the type are redirected, because the target of the name is unhealthy. */
  withdrawn: number;
  /** The same, because the client is not redirected. */
  otherClients: number;
  /** The same, because no period of the schedule covers the time. */
  outsideSchedule: number;
  /** The same, only because the mode is "shadow". */
  shadowed: number;
  refused: number;
  malformed: number;
  /** Answered with the TC bit alone, because the client asks too often. */
  rateLimited: number;
  /** Refused, because the client is not in `allowQueries`. */
  notAllowed: number;
  /** Given up because too many questions were in flight. */
  overloaded: number;
  /** Queries over TCP, and connections that were closed or refused because there were too many. */
  overTcp: number;
  connectionsCrowded: number;
  /** Queries by type. Types that are not listed count as `other`. */
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

const COUNTED = [
  'queries',
  'redirected',
  'nodata',
  'forwarded',
  'cached',
  'stale',
  'coalesced',
  'local',
  'failed',
  'withdrawn',
  'otherClients',
  'outsideSchedule',
  'shadowed',
  'refused',
  'malformed',
  'rateLimited',
  'notAllowed',
  'overloaded',
  'overTcp',
  'connectionsCrowded',
] as const satisfies readonly Exclude<keyof DnsCounters, 'byType'>[];
const COUNTED_TYPES = [...TYPE_NAMES.values(), 'other'];

/** Memory for the counters, shared by the thread that answers and the one that shows metrics. */
export function createDnsCounterMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((COUNTED.length + COUNTED_TYPES.length) * Float64Array.BYTES_PER_ELEMENT);
}

/** A view of the counters in that memory: reads and writes go straight to it. */
export function dnsCountersOver(memory: SharedArrayBuffer): DnsCounters {
  const cells = new Float64Array(memory);
  const overCells = (names: readonly string[], first: number): PropertyDescriptorMap =>
    Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          enumerable: true,
          get: () => cells[first + i]!,
          set: (value: number) => {
            cells[first + i] = value;
          },
        },
      ]),
    );
  const byType = Object.defineProperties({}, overCells(COUNTED_TYPES, COUNTED.length));
  return Object.defineProperties({ byType }, overCells(COUNTED, 0)) as DnsCounters;
}

export function countType(counters: DnsCounters, type: number): void {
  counters.byType[TYPE_NAMES.get(type) ?? 'other']! += 1;
}

/** Counts why a question for a listed name is forwarded. */
export function countForwarded(
  { because, name }: Extract<Decision, { readonly kind: 'forward' }>,
  counters: DnsCounters,
  nameCounters: NameCounters,
): void {
  if (because === 'client') counters.otherClients++;
  else if (because === 'schedule') counters.outsideSchedule++;
  else if (because === 'withdrawn') {
    counters.withdrawn++;
    if (name !== undefined) nameCounters.count(name, WITHHELD);
  } else if (because === 'shadow') {
    counters.shadowed++;
    if (name !== undefined) nameCounters.count(name, SHADOWED);
  }
}
