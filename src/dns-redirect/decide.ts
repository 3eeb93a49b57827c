/**
 * The decision of the redirection (draft section 4.2, step "redirect"), as a pure function of a question and its client.
 * - A, AAAA and ANY of a listed name get our addresses. HTTPS and SVCB records (RFC 9460) may carry addresses and ports of the
 *   original, and a CNAME leads to it, so these types are answered with NODATA.
 * - A DS record is part of the parent zone. A forged denial of it would make validators refuse the whole domain, so it is
 *   forwarded, as are MX, TXT, NS and all other types: mail and other services of the name stay with the original.
 * - It fails open: the question for a name whose target is unhealthy is forwarded as if the name were not listed.
 * `review-answer.ts` checks the answers of upstream resolvers afterwards.
 */
import type { IpAddress } from '../domain/ip-address.js';
import { isRedirectedClient } from './client-choice.js';
import type { RedirectedName } from './redirect-policy.js';
import type { ListedName, Redirections } from './redirections.js';
import {
  CLASS_IN,
  TYPE_A,
  TYPE_AAAA,
  TYPE_ANY,
  TYPE_AXFR,
  TYPE_CNAME,
  TYPE_DS,
  TYPE_HTTPS,
  TYPE_IXFR,
  TYPE_SVCB,
  TYPE_TXT,
} from './wire/dns-codes.js';
import { type DomainName, nameFromText, parentOf } from './wire/domain-name.js';

export type Decision =
  /** Our addresses of the type, or a denial. */
  | { readonly kind: 'redirect'; readonly listed: ListedName }
  /** The same, but first the original is asked: if it is signed, its answer is passed on. */
  | { readonly kind: 'redirect-unsigned'; readonly listed: ListedName }
  /** The TXT records of the original, with our ports instead of its own (BEP 34). Without an answer: our record alone. */
  | { readonly kind: 'forward-text'; readonly listed: ListedName }
  | { readonly kind: 'forward'; readonly because: ForwardReason; readonly name?: RedirectedName }
  | { readonly kind: 'no-data' }
  | { readonly kind: 'no-name' }
  | { readonly kind: 'refuse' };

/**
 * `not-listed`: the name is not redirected. `type`: the name is redirected, but not this type. The other reasons are given only
 * for types that are redirected. `client`, `schedule`: not for this client, not at this time. `withdrawn`: the target is
 * unhealthy. `shadow`: the question would be redirected, and is only counted.
 */
export type ForwardReason = 'not-listed' | 'type' | 'client' | 'schedule' | 'withdrawn' | 'shadow';

export interface AskedQuestion {
  /** Canonical. */
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
  /** The client asks for signatures (RFC 3225). */
  readonly dnssecOk: boolean;
}

/** The current state. */
export interface RedirectState {
  /** Whether users of the name would be served at its address of this index. */
  isHealthy(name: RedirectedName, address: number): boolean;
  /** True if a period of the schedule covers the current time, or if the schedule is empty. */
  isOpen(): boolean;
}

export const ALWAYS: RedirectState = { isHealthy: () => true, isOpen: () => true };

const NOT_LISTED: Decision = { kind: 'forward', because: 'not-listed' };
const NO_DATA: Decision = { kind: 'no-data' };
const NO_NAME: Decision = { kind: 'no-name' };
const REFUSE: Decision = { kind: 'refuse' };

const HTTPS_LABEL = nameFromText('_https').slice(0, -1);
/** RFC 9462 section 6.4: a forwarder must not forward these, because the answer would describe another resolver. */
const RESOLVER_ARPA = nameFromText('resolver.arpa');
/** Names by which a network says that encrypted DNS or a relay would go around its filters (Mozilla, Apple). */
const CANARIES: ReadonlySet<DomainName> = new Set(
  ['use-application-dns.net', 'mask.icloud.com', 'mask-h2.icloud.com'].map(nameFromText),
);

export function decide(
  question: AskedQuestion,
  client: IpAddress,
  redirections: Redirections,
  state: RedirectState = ALWAYS,
): Decision {
  // A zone transfer has many messages. Clients of a forwarder do not need it.
  if (question.type === TYPE_AXFR || question.type === TYPE_IXFR) return REFUSE;
  if (question.class !== CLASS_IN) return NOT_LISTED;
  const { name, type } = question;
  if (name.endsWith(RESOLVER_ARPA) && type !== TYPE_DS && isBelowResolverArpa(name)) return NO_DATA;
  const { policy } = redirections;
  if (policy.canaries && CANARIES.has(name)) return NO_NAME;

  const listed = listedFor(name, type, redirections);
  if (listed === undefined) return NOT_LISTED;
  const changesText = type === TYPE_TXT && listed.redirected.announceText !== undefined;
  // Before the other reasons, which are counted: only questions that would be redirected count as withheld.
  if (!changesText && !isRedirectedType(type)) return { kind: 'forward', because: 'type', name: listed.redirected };
  const because = whyNotRedirected(listed.redirected, type, client, redirections, state);
  if (because !== undefined) return { kind: 'forward', because, name: listed.redirected };
  if (changesText) return { kind: 'forward-text', listed };
  return question.dnssecOk && policy.signedNames === 'leave'
    ? { kind: 'redirect-unsigned', listed }
    : { kind: 'redirect', listed };
}

/** @returns why this client gets the original of a listed name now; undefined if it is redirected */
export function whyNotRedirected(
  name: RedirectedName,
  type: number,
  client: IpAddress,
  { policy }: Redirections,
  state: RedirectState,
): Exclude<ForwardReason, 'not-listed' | 'type'> | undefined {
  if (!isRedirectedClient(policy.clients, client)) return 'client';
  if (!state.isOpen()) return 'schedule';
  if (!isAvailable(name, type, state)) return 'withdrawn';
  return policy.mode === 'shadow' ? 'shadow' : undefined;
}

/** Whether an address of the name is healthy. If the name has addresses of the requested family, it must be one of those. */
function isAvailable(name: RedirectedName, type: number, state: RedirectState): boolean {
  let anyHealthy = false;
  let hasType = false;
  for (let i = 0; i < name.addresses.length; i++) {
    const isHealthy = state.isHealthy(name, i);
    const isOfType = answersType(name.addresses[i]!, type);
    if (isHealthy && isOfType) return true;
    anyHealthy ||= isHealthy;
    hasType ||= isOfType;
  }
  // If only the other family is healthy, a denial would leave clients of this family without the name.
  return anyHealthy && !hasType;
}

export function answersType(address: IpAddress, type: number): boolean {
  return type === TYPE_ANY || type === (address.family === 4 ? TYPE_A : TYPE_AAAA);
}

/** Types that lead to the service at a name: no record of the original may be answered. */
export function isRedirectedType(type: number): boolean {
  return (
    type === TYPE_A ||
    type === TYPE_AAAA ||
    type === TYPE_HTTPS ||
    type === TYPE_SVCB ||
    type === TYPE_ANY ||
    type === TYPE_CNAME
  );
}

/** The listed name that a question is about: also `_8443._https.NAME`, which describes its port 8443 (RFC 9460 section 9.1). */
export function listedFor(name: DomainName, type: number, redirections: Redirections): ListedName | undefined {
  const exact = redirections.find(name);
  if (exact !== undefined) return exact;
  if (type !== TYPE_HTTPS && type !== TYPE_SVCB) return undefined;
  const scheme = parentOf(name);
  if (!scheme.startsWith(HTTPS_LABEL) || !/^_\d+$/.test(name.slice(1, name.length - scheme.length))) return undefined;
  const listed = redirections.find(parentOf(scheme));
  return listed && { redirected: listed.redirected, zoneAt: listed.zoneAt + name.length - parentOf(scheme).length };
}

function isBelowResolverArpa(name: DomainName): boolean {
  let at = name;
  while (at.length > RESOLVER_ARPA.length) at = parentOf(at);
  return at === RESOLVER_ARPA;
}
