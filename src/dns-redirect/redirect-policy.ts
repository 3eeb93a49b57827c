/**
 * The redirected names, their addresses and the redirected clients, checked and compiled for look-ups. Names match exactly. A
 * site is also redirected under `www.`, because people type it; other names below a site may be other services. The policy is
 * plain data, because it is sent to other threads.
 */
import { OperatorError } from '../domain/errors.js';
import { formatIp, type IpAddress, type Prefix } from '../domain/ip-address.js';
import { type PrefixSet, prefixSet } from '../domain/prefix-set.js';
import type { TimePeriod } from '../selection/billing.js';
import { type AnnounceListener, announceText } from './bittorrent-text.js';
import { DEFAULT_REDIRECT_TTL_SECONDS, MAX_REDIRECT_TTL_SECONDS } from './limits.js';

/** The target of a redirection: the inner resource website or the alias tracker. */
export type RedirectTarget = (typeof REDIRECT_TARGETS)[number];
export const REDIRECT_TARGETS = ['mirror', 'tracker'] as const;

/** Shadow: counts what would be redirected, and forwards. */
export type RedirectMode = 'redirect' | 'shadow';

/**
 * `leave`: a client that asks for signatures gets the original of a signed name, because it would refuse a redirected answer.
 * `redirect`: it gets the redirected answer, and fails if it validates.
 */
export type SignedNames = 'leave' | 'redirect';

export interface RedirectRules {
  /**
   * `port`: where users open the site; default 80. `https: ignore`: it is redirected although its original has HTTPS and the
   * mirror site has not.
   */
  readonly sites: readonly { readonly name: string; readonly port?: number; readonly https?: 'check' | 'ignore' }[];
  /** `address`: in place of `trackerAddresses`, so that a client's packets tell which tracker it means. */
  readonly trackers: readonly { readonly name: string; readonly address?: readonly IpAddress[] | undefined }[];
  /** Where this tracker listens, for the TXT records of tracker names (BEP 34); default: the originals' are left. */
  readonly trackerListeners?: readonly AnnounceListener[];
  readonly mirrorAddresses: readonly IpAddress[];
  readonly trackerAddresses: readonly IpAddress[];
  /** Only these clients are redirected. Absent or empty: all clients. */
  readonly clients?: readonly Prefix[];
  /** These clients are not redirected. */
  readonly optOut?: readonly Prefix[];
  /** How many of the clients are redirected. Default: all. */
  readonly percent?: number;
  /** Chooses those clients: {@link CLIENT_KEY_WORDS} secret words, the same after a restart. */
  readonly clientKey?: Uint32Array;
  /** Redirects within these periods only. Absent or empty: always. */
  readonly schedule?: readonly TimePeriod[];
  readonly mode?: RedirectMode;
  /** Of names whose original is signed; default `leave`. */
  readonly signedNames?: SignedNames;
  /** Whether canary names say that this network filters; default false. */
  readonly canaries?: boolean;
  /** 1 – 60; default 30. */
  readonly ttlSeconds?: number;
  /** SOA serial of NODATA answers; any number that rises with each change. */
  readonly serial?: number;
}

export interface RedirectedName {
  readonly target: RedirectTarget;
  /** The configured name that it comes from. */
  readonly zone: string;
  /** Of a site: where users open it. */
  readonly port?: number;
  /** Of a site: it is redirected even if its users lose HTTPS. */
  readonly ignoresHttps?: boolean;
  /** What it is answered with, unique, in the configured order; never empty. */
  readonly addresses: readonly IpAddress[];
  /** Of a tracker: the TXT record that says which ports it has here (BEP 34). */
  readonly announceText?: string;
  /** Its index in the map of names, and that of its counters. */
  readonly index: number;
}

/** Who is redirected. `chosenBy`: decides for each client by a keyed hash; absent: everybody. */
export interface ClientRules {
  /** `undefined`: all clients. */
  readonly only: PrefixSet | undefined;
  readonly except: PrefixSet;
  readonly chosenBy: { readonly percent: number; readonly key: Uint32Array } | undefined;
}

export interface RedirectPolicy {
  /** Lower-case name, no dot at the end. */
  readonly names: ReadonlyMap<string, RedirectedName>;
  readonly clients: ClientRules;
  readonly schedule: readonly TimePeriod[];
  readonly mode: RedirectMode;
  readonly signedNames: SignedNames;
  readonly canaries: boolean;
  readonly ttlSeconds: number;
  readonly serial: number;
}

/** Links and bookmarks name no port. */
export const DEFAULT_SITE_PORT = 80;

/** The length of {@link RedirectRules.clientKey}. */
export const CLIENT_KEY_WORDS = 2;

/** @throws OperatorError if a name is not a host name or has two different targets, or a target has no address */
export function compileRedirectPolicy(rules: RedirectRules): RedirectPolicy {
  const { clients = [], optOut = [], percent = 100, schedule = [], mode = 'redirect' } = rules;
  const chosenBy = percent === 100 ? undefined : { percent, key: rules.clientKey ?? new Uint32Array(CLIENT_KEY_WORDS) };
  return {
    names: namesOf(rules),
    clients: { only: clients.length > 0 ? prefixSet(clients) : undefined, except: prefixSet(optOut), chosenBy },
    schedule,
    mode,
    signedNames: rules.signedNames ?? 'leave',
    canaries: rules.canaries ?? false,
    ttlSeconds: ttlOf(rules),
    serial: (rules.serial ?? 1) >>> 0,
  };
}

function namesOf(rules: RedirectRules): ReadonlyMap<string, RedirectedName> {
  const names = new Map<string, RedirectedName>();
  const add = (
    name: string,
    zone: string,
    target: RedirectTarget,
    addresses: readonly IpAddress[],
    ofSite: Pick<RedirectedName, 'port' | 'ignoresHttps'> = {},
  ): void => {
    if (addresses.length === 0) {
      throw new OperatorError(
        `dnsRedirect: ${name} is listed but ${target}Addresses is empty; give the address that it is redirected to`,
      );
    }
    const before = names.get(name);
    if (before !== undefined && before.target !== target && !sameAddresses(before.addresses, addresses)) {
      throw new OperatorError(
        `dnsRedirect: ${name} is both a site and a tracker, and their addresses differ; list it once, or give both the same addresses`,
      );
    }
    const unique = addresses.filter((each, i) => addresses.findIndex((other) => sameAddresses([each], [other])) === i);
    if (before === undefined) {
      const text = target === 'tracker' ? announceText(rules.trackerListeners ?? [], unique) : undefined;
      const ofTracker = text === undefined ? {} : { announceText: text };
      names.set(name, { target, zone, addresses: unique, index: names.size, ...ofSite, ...ofTracker });
    }
  };
  for (const { name: written, address } of rules.trackers) {
    const name = normaliseName(written);
    add(name, name, 'tracker', address ?? rules.trackerAddresses);
  }
  for (const { name: written, port = DEFAULT_SITE_PORT, https = 'check' } of rules.sites) {
    const name = normaliseName(written);
    const ofSite = { port, ...(https === 'ignore' ? { ignoresHttps: true } : {}) };
    add(name, name, 'mirror', rules.mirrorAddresses, ofSite);
    // An explicitly listed tracker `www.…` keeps its target.
    if (!name.startsWith('www.') && !names.has(`www.${name}`)) {
      add(`www.${name}`, name, 'mirror', rules.mirrorAddresses, ofSite);
    }
  }
  return names;
}

function ttlOf({ ttlSeconds = DEFAULT_REDIRECT_TTL_SECONDS }: RedirectRules): number {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_REDIRECT_TTL_SECONDS) {
    throw new OperatorError(
      `dnsRedirect: a time to live of ${ttlSeconds} s is not between 1 and ${MAX_REDIRECT_TTL_SECONDS} s; resolvers would cache a longer one after the mirror site failed`,
    );
  }
  return ttlSeconds;
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

function sameAddresses(some: readonly IpAddress[], others: readonly IpAddress[]): boolean {
  const text = (addresses: readonly IpAddress[]): string => addresses.map(formatIp).sort().join();
  return text(some) === text(others);
}
