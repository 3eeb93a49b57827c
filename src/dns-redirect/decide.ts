/**
 * The decision of the redirection (draft section 4.2, step "redirect"), as a pure function of a question and its client.
 * A redirected name answers for its addresses only; every other type gets NODATA, because HTTPS and SVCB records
 * (RFC 9460) may carry addresses and ports of the original, which would undo the redirection. It fails open: a name
 * whose target is not healthy is answered by the upstream resolvers as if it were not listed.
 */
import type { IpAddress } from '../domain/ip-address.js';
import { isRedirectedClient } from './client-choice.js';
import type { Question } from './query-packet.js';
import type { RedirectedName, RedirectPolicy } from './redirect-policy.js';

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
export const TYPE_ANY = 255;
const TYPE_IXFR = 251;
const TYPE_AXFR = 252;
const CLASS_IN = 1;

export type Decision =
  | { readonly kind: 'answer'; readonly addresses: readonly IpAddress[]; readonly ttlSeconds: number }
  | { readonly kind: 'nodata'; readonly zone: string; readonly serial: number; readonly ttlSeconds: number }
  | { readonly kind: 'forward'; readonly because: ForwardReason; readonly name?: RedirectedName }
  | { readonly kind: 'refuse' };

/**
 * `not-listed`: the name is not redirected. `client`, `schedule`: not for this client, not at this time. `withdrawn`: its
 * target does not work. `shadow`: it would be redirected, and is only counted.
 */
export type ForwardReason = 'not-listed' | 'client' | 'schedule' | 'withdrawn' | 'shadow';

/** Of now. */
export interface RedirectState {
  /** Whether users of the name would be served at its address of this index. */
  isHealthy(name: RedirectedName, address: number): boolean;
  /** Whether the schedule has a period that covers now, or there is no schedule. */
  isOpen(): boolean;
}

export const ALWAYS: RedirectState = { isHealthy: () => true, isOpen: () => true };

export function decide(
  question: Question,
  client: IpAddress,
  policy: RedirectPolicy,
  state: RedirectState = ALWAYS,
): Decision {
  // A zone transfer has many messages. Clients of a forwarder do not need it.
  if (question.type === TYPE_AXFR || question.type === TYPE_IXFR) return { kind: 'refuse' };
  if (question.class !== CLASS_IN || question.name === undefined) return NOT_LISTED;
  const name = policy.names.get(question.name.toLowerCase());
  if (name === undefined) return NOT_LISTED;
  if (!isRedirectedClient(policy.clients, client)) return { kind: 'forward', because: 'client', name };
  if (!state.isOpen()) return { kind: 'forward', because: 'schedule', name };
  const healthy = name.addresses.filter((_, index) => state.isHealthy(name, index));
  if (healthy.length === 0) return { kind: 'forward', because: 'withdrawn', name };
  if (policy.mode === 'shadow') return { kind: 'forward', because: 'shadow', name };
  const { zone } = name;
  const { ttlSeconds, serial } = policy;
  const addresses = healthy.filter((address) => answersType(address, question.type));
  if (addresses.length > 0) return { kind: 'answer', addresses, ttlSeconds };
  // NODATA where the other family alone works would leave clients of one family without the name.
  if (name.addresses.some((address) => answersType(address, question.type))) {
    return { kind: 'forward', because: 'withdrawn', name };
  }
  return { kind: 'nodata', zone, serial, ttlSeconds };
}

const NOT_LISTED: Decision = { kind: 'forward', because: 'not-listed' };

function answersType(address: IpAddress, type: number): boolean {
  return type === TYPE_ANY || type === (address.family === 4 ? TYPE_A : TYPE_AAAA);
}
