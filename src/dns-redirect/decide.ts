/**
 * The decision of the redirection (draft section 4.2, step "redirect"), as a pure function of a question and its client.
 * A redirected name answers for its addresses only; every other type gets NODATA, because HTTPS and SVCB records
 * (RFC 9460) may carry addresses and ports of the original, which would undo the redirection. It fails open: a name
 * whose target is not healthy is answered by the upstream resolvers as if it were not listed.
 */
import { type IpAddress, prefixContains } from '../domain/ip-address.js';
import type { Question } from './query-packet.js';
import type { RedirectPolicy, RedirectTarget } from './redirect-policy.js';

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
export const TYPE_ANY = 255;
const TYPE_IXFR = 251;
const TYPE_AXFR = 252;
const CLASS_IN = 1;

export type Decision =
  | { readonly kind: 'answer'; readonly addresses: readonly IpAddress[]; readonly ttlSeconds: number }
  | { readonly kind: 'nodata'; readonly zone: string; readonly serial: number; readonly ttlSeconds: number }
  | { readonly kind: 'forward'; readonly withdrawn: boolean }
  | { readonly kind: 'refuse' };

/** Whether a target of redirections works now. */
export type IsHealthy = (target: RedirectTarget, address: IpAddress) => boolean;

export function decide(
  question: Question,
  client: IpAddress,
  policy: RedirectPolicy,
  isHealthy: IsHealthy = () => true,
): Decision {
  // A zone transfer has many messages. Clients of a forwarder do not need it.
  if (question.type === TYPE_AXFR || question.type === TYPE_IXFR) return { kind: 'refuse' };
  if (question.class !== CLASS_IN || question.name === undefined) return FORWARD;
  const entry = policy.names.get(question.name.toLowerCase());
  if (entry === undefined) return FORWARD;
  if (policy.clients !== undefined && !policy.clients.some((prefix) => prefixContains(prefix, client))) return FORWARD;

  const healthy = policy.addresses[entry.target].filter((address) => isHealthy(entry.target, address));
  if (healthy.length === 0) return { kind: 'forward', withdrawn: true };
  const addresses = healthy.filter((address) => answersType(address, question.type));
  return addresses.length > 0
    ? { kind: 'answer', addresses, ttlSeconds: policy.ttlSeconds }
    : { kind: 'nodata', zone: entry.zone, serial: policy.serial, ttlSeconds: policy.ttlSeconds };
}

const FORWARD: Decision = { kind: 'forward', withdrawn: false };

function answersType(address: IpAddress, type: number): boolean {
  return type === TYPE_ANY || type === (address.family === 4 ? TYPE_A : TYPE_AAAA);
}
