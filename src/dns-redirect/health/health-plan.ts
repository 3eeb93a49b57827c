/** What the health of redirected names depends on: which connections to which addresses must succeed. */
import { OperatorError } from '../../domain/errors.js';
import { formatIp, type IpAddress, parseIp } from '../../domain/ip-address.js';
import { formatEndpoint } from '../../net/endpoint.js';
import type { AnnouncePort, AnnounceProtocol } from '../coverage/announce-usage.js';
import type { RedirectedName, RedirectPolicy, RedirectTarget } from '../redirect-policy.js';

/** One connection that is tried repeatedly. It goes to a configured address and nowhere else. */
export interface HealthCheck {
  readonly target: RedirectTarget;
  readonly protocol: AnnounceProtocol;
  readonly address: IpAddress;
  readonly port: number;
  /** For `https`: the redirected name that the certificate must be for. */
  readonly certificateFor?: string;
}

/** Each group of ports needs one that works. No groups: nothing is known of the name's ports. */
export type PortNeeds = readonly (readonly AnnouncePort[])[];

export interface HealthPlan {
  readonly checks: readonly HealthCheck[];
  /** By the index of the name, then of its address: groups of indexes of checks. */
  readonly needs: readonly AddressNeeds[][];
}

/** Each group needs one check that succeeds; an empty group is never satisfied. */
export type AddressNeeds = readonly (readonly number[])[];

/** Sockets and packets a second; far more than an operator redirects. */
export const MAX_HEALTH_CHECKS = 512;

/** @param needsOf the ports that users of the name need. Beyond {@link MAX_HEALTH_CHECKS} ports are not checked */
export function healthPlan(
  policy: RedirectPolicy,
  needsOf: (name: string, entry: RedirectedName) => PortNeeds,
): HealthPlan {
  const checks: HealthCheck[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (check: HealthCheck): number | undefined => {
    const key = keyOfCheck(check);
    const known = indexes.get(key);
    if (known !== undefined || checks.length >= MAX_HEALTH_CHECKS) return known;
    indexes.set(key, checks.length);
    return checks.push(check) - 1;
  };
  const needs: AddressNeeds[][] = [];
  for (const [name, entry] of policy.names) {
    const groups = smallestGroups(needsOf(name, entry));
    needs[entry.index] = entry.addresses.map((address) =>
      groups.flatMap((ports) => {
        const found = ports.map(({ protocol, port }) =>
          indexOf(checkOf(name, entry.target, { protocol, address, port })),
        );
        return found.includes(undefined) ? [] : [found.filter((index) => index !== undefined)];
      }),
    );
  }
  return { checks, needs };
}

/** Over HTTPS, each name has a check of its own, because each needs a certificate. */
export function checkOf(
  name: string,
  target: RedirectTarget,
  { protocol, address, port }: Pick<HealthCheck, 'protocol' | 'address' | 'port'>,
): HealthCheck {
  return { target, protocol, address, port, ...(protocol === 'https' ? { certificateFor: name } : {}) };
}

/** A group that contains another one is satisfied with it. */
function smallestGroups(groups: PortNeeds): PortNeeds {
  const sets = groups.map((ports) => ({ ports, keys: new Set(ports.map(keyOfPort)) }));
  sets.sort((a, b) => a.keys.size - b.keys.size);
  const smallest: typeof sets = [];
  for (const set of sets) {
    if (!smallest.some(({ keys }) => [...keys].every((key) => set.keys.has(key)))) smallest.push(set);
  }
  return smallest.map(({ ports }) => ports);
}

function keyOfPort({ protocol, port }: AnnouncePort): string {
  return `${protocol}:${port}`;
}

/** The same check in another plan has the same key. */
export function keyOfCheck({ target, address, certificateFor = '', ...port }: HealthCheck): string {
  return `${target} ${keyOfPort(port)} ${formatIp(address)} ${certificateFor}`;
}

/** The check with this URL, which {@link urlOfCheck} wrote. @throws OperatorError if it is not one */
export function checkOfUrl(target: RedirectTarget, text: string): HealthCheck {
  const [, protocol, host, port, name] = URL_OF_CHECK.exec(text) ?? [];
  const known = (['udp', 'http', 'https'] as const).find((each) => each === protocol);
  if (known === undefined) throw new OperatorError(`"${text}" is not a check of the tracker`);
  const check = { target, protocol: known, address: parseIp(host!.replace(/^\[|\]$/g, '')), port: Number(port) };
  return name === undefined ? check : { ...check, certificateFor: name };
}

const URL_OF_CHECK = /^(\w+):\/\/(\[.*\]|[^:]*):(\d+)(?: \((.*)\))?$/;

/** `http://203.0.113.20:80`, `https://203.0.113.20:443 (site.example)` */
export function urlOfCheck({ protocol, address, port, certificateFor }: HealthCheck): string {
  const url = `${protocol}://${formatEndpoint({ host: formatIp(address), port })}`;
  return certificateFor === undefined ? url : `${url} (${certificateFor})`;
}
