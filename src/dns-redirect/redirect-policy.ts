/**
 * The names that are redirected, checked and compiled for look-ups. Names match exactly. A site is also redirected under
 * `www.`, because people type it; other names below a site may be other services.
 */
import { OperatorError } from '../domain/errors.js';
import { formatIp, type IpAddress, type Prefix } from '../domain/ip-address.js';
import { DEFAULT_REDIRECT_TTL_SECONDS, MAX_REDIRECT_TTL_SECONDS } from './limits.js';

/** The target of a redirection: the inner resource website or the alias tracker. */
export type RedirectTarget = 'mirror' | 'tracker';

export interface RedirectRules {
  readonly sites: readonly string[];
  readonly trackers: readonly string[];
  readonly mirrorAddresses: readonly IpAddress[];
  readonly trackerAddresses: readonly IpAddress[];
  /** Only these clients are redirected. Absent or empty: all clients. */
  readonly clients?: readonly Prefix[];
  /** 1 – 60; default 30. */
  readonly ttlSeconds?: number;
  /** SOA serial of NODATA answers; any number that rises with each change. */
  readonly serial?: number;
}

export interface RedirectPolicy {
  /** Lower-case name, no dot at the end → its target, and the configured name that it comes from. */
  readonly names: ReadonlyMap<string, { readonly target: RedirectTarget; readonly zone: string }>;
  readonly addresses: Readonly<Record<RedirectTarget, readonly IpAddress[]>>;
  /** `undefined`: all clients. */
  readonly clients: readonly Prefix[] | undefined;
  readonly ttlSeconds: number;
  readonly serial: number;
}

/** @throws OperatorError if a name is not a host name or has two different targets, or a target has no address */
export function compileRedirectPolicy(rules: RedirectRules): RedirectPolicy {
  const names = new Map<string, { target: RedirectTarget; zone: string }>();
  const add = (name: string, zone: string, target: RedirectTarget): void => {
    const before = names.get(name);
    if (before !== undefined && before.target !== target && !sameAddresses(rules)) {
      throw new OperatorError(
        `dnsRedirect: ${name} is both a site and a tracker, and mirrorAddresses and trackerAddresses differ; list it once, or give both the same addresses`,
      );
    }
    if (before === undefined) names.set(name, { target, zone });
  };
  for (const tracker of rules.trackers) add(normaliseName(tracker), normaliseName(tracker), 'tracker');
  for (const site of rules.sites) {
    const name = normaliseName(site);
    add(name, name, 'mirror');
    // An explicitly listed tracker `www.…` keeps its target.
    if (!name.startsWith('www.') && !names.has(`www.${name}`)) add(`www.${name}`, name, 'mirror');
  }
  requireAddresses('sites', rules.sites, 'mirrorAddresses', rules.mirrorAddresses);
  requireAddresses('trackers', rules.trackers, 'trackerAddresses', rules.trackerAddresses);
  const ttlSeconds = rules.ttlSeconds ?? DEFAULT_REDIRECT_TTL_SECONDS;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_REDIRECT_TTL_SECONDS) {
    throw new OperatorError(
      `dnsRedirect: a time to live of ${ttlSeconds} s is not between 1 and ${MAX_REDIRECT_TTL_SECONDS} s; resolvers would cache a longer one after the mirror site failed`,
    );
  }
  return {
    names,
    addresses: { mirror: rules.mirrorAddresses, tracker: rules.trackerAddresses },
    clients: rules.clients?.length ? rules.clients : undefined,
    ttlSeconds,
    serial: (rules.serial ?? 1) >>> 0,
  };
}

/** Lower case, no dot at the end. @throws OperatorError if it is not a host name of letters, digits, `-` and `_` */
export function normaliseName(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length > 253 || !/^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)) {
    throw new OperatorError(
      `dnsRedirect: "${text.slice(0, 80)}" is not a host name; write international names in their xn-- form, and no wildcards`,
    );
  }
  return name;
}

function sameAddresses(rules: RedirectRules): boolean {
  const text = (addresses: readonly IpAddress[]): string => addresses.map(formatIp).sort().join();
  return text(rules.mirrorAddresses) === text(rules.trackerAddresses);
}

function requireAddresses(what: string, names: readonly string[], key: string, addresses: readonly IpAddress[]): void {
  if (names.length > 0 && addresses.length === 0) {
    throw new OperatorError(
      `dnsRedirect: ${what} are listed but ${key} is empty; give the address that they are redirected to`,
    );
  }
}
