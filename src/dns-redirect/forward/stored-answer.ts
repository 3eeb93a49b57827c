/** An upstream resolver's answer, ready to be given to any client that asks the same. */
import { type AnswerTemplate, templateOf } from '../answer-template.js';
import {
  FLAG_RECURSION_AVAILABLE,
  FLAG_RESPONSE,
  RCODE_NOERROR,
  RCODE_NXDOMAIN,
  TYPE_OPT,
  TYPE_SOA,
  TYPE_TSIG,
} from '../wire/dns-codes.js';
import type { DnsMessage, DnsRecord } from '../wire/dns-message.js';
import { soaMinimum } from '../wire/rdata-values.js';

/** RFC 8767 section 4: "on the order of days to weeks"; a day is enough, because addresses change. */
const MAX_TTL_SECONDS = 86_400;
/** RFC 2308 section 5: one to three hours have worked well. */
const MAX_NEGATIVE_TTL_SECONDS = 10_800;
/** What an entry takes besides its bytes: objects, map, key (measured roughly with --expose-gc on Node.js 20). */
const OVERHEAD_BYTES = 600;

export interface StoredAnswer {
  readonly message: DnsMessage;
  readonly template: AnswerTemplate;
  readonly storedAtMs: number;
  /** How long it may be used; 0: only for clients that wait for it now. */
  readonly ttlSeconds: number;
  readonly bytes: number;
  /** Used since the cache last moved it to the end. */
  used: boolean;
  /** The redirections for which {@link namesListed} holds. */
  readFor: object | undefined;
  /** Whether it mentions a listed name. */
  namesListed: boolean;
}

export function storeAnswer(message: DnsMessage, nowMs: number): StoredAnswer {
  const additionals = message.additionals.filter(({ type }) => type !== TYPE_OPT && type !== TYPE_TSIG);
  const clean = {
    ...message,
    answers: message.answers.map(limited),
    authorities: message.authorities.map(limited),
    additionals: additionals.map(limited),
  };
  const template = templateOf(clean);
  return {
    message: clean,
    template,
    storedAtMs: nowMs,
    ttlSeconds: ttlOf(clean),
    bytes: 3 * template.records.length + OVERHEAD_BYTES,
    used: false,
    readFor: undefined,
    namesListed: false,
  };
}

/** The base of an answer that this server makes instead of a resolver. */
export function emptyMessage(rcode: number): DnsMessage {
  const flags = FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | rcode;
  return { id: 0, flags, questions: [], answers: [], authorities: [], additionals: [] };
}

/** RFC 2181 section 8: a time with the highest bit set counts as 0. */
function limited(record: DnsRecord): DnsRecord {
  if (record.ttl <= MAX_TTL_SECONDS) return record;
  return { ...record, ttl: record.ttl > 0x7fff_ffff ? 0 : MAX_TTL_SECONDS };
}

function ttlOf({ flags, answers, authorities, additionals }: DnsMessage): number {
  const rcode = flags & 15;
  if (rcode !== RCODE_NOERROR && rcode !== RCODE_NXDOMAIN) return 0;
  let ttl = MAX_TTL_SECONDS;
  for (const record of [...answers, ...authorities, ...additionals]) ttl = Math.min(ttl, record.ttl);
  const soa = authorities.find(({ type }) => type === TYPE_SOA);
  const isNegative = rcode === RCODE_NXDOMAIN || answers.length === 0;
  if (!isNegative) return ttl;
  // RFC 2308 section 5: without the SOA it is not known how long a denial holds.
  const minimum = soa && soaMinimum(soa.data);
  return minimum === undefined ? 0 : Math.min(ttl, minimum, MAX_NEGATIVE_TTL_SECONDS);
}
