/**
 * Whether a reader gets the original's bytes: one who has opted out by cookie, one whose address the operator lists, and
 * one from outside of the operator's networks, who gains nothing from the alias tracker. The cookie is this program's; the
 * original never sees it.
 */
import { forgetOldest } from '../../domain/forget-oldest.js';
import { type IpAddress, type Prefix, prefixContains } from '../../domain/ip-address.js';
import { literalAddress } from '../../net/allowed-addresses.js';

export interface ReaderRules {
  /** Addresses that get the original's bytes. */
  readonly optOut: readonly Prefix[];
  readonly ownNetworks: readonly Prefix[];
}

export const CHOICE_COOKIE = 'alias-tracker';
const YEAR_SECONDS = 31_536_000;
/** Caches of a browser that has opted in again may have the original's bytes for this long. */
const DAY_SECONDS = 86_400;

/** `out`: has opted out. `again`: has opted in again within a day. */
export type CookieChoice = 'out' | 'again' | undefined;

/** Why this reader gets the original's bytes; undefined if the reader gets the rewritten ones. */
export type OriginalReason = 'cookie' | 'address' | 'foreign' | undefined;

export function cookieChoice(cookie: string | undefined): CookieChoice {
  if (cookie === undefined || !cookie.includes(CHOICE_COOKIE)) return undefined;
  const [, choice] = /(?:^|;)\s*alias-tracker=(out|again)\s*(?:;|$)/.exec(cookie) ?? [];
  return choice === 'out' || choice === 'again' ? choice : undefined;
}

/** @returns the header without this program's cookie; undefined if nothing is left */
export function withoutChoice(cookie: string): string | undefined {
  if (!cookie.includes(CHOICE_COOKIE)) return cookie;
  const kept = cookie.split(';').filter((pair) => pair.split('=')[0]!.trim() !== CHOICE_COOKIE);
  const text = kept.join(';').trimStart();
  return text === '' ? undefined : text;
}

/** A Set-Cookie header. @param site the configured name, for all of its subdomains */
export function choiceCookie(choice: 'out' | 'again', host: string, site: string): string {
  const seconds = choice === 'out' ? YEAR_SECONDS : DAY_SECONDS;
  // Browsers refuse the Domain attribute of a name without a dot.
  const domain = site.includes('.') && (host === site || host.endsWith(`.${site}`)) ? `; Domain=${site}` : '';
  return `${CHOICE_COOKIE}=${choice}; Path=/; Max-Age=${seconds}${domain}; SameSite=Lax; HttpOnly`;
}

/** @param address of the connection */
export function originalReason(
  address: string | undefined,
  cookie: string | undefined,
  rules: ReaderRules,
): OriginalReason {
  if (cookieChoice(cookie) === 'out') return 'cookie';
  // Undefined: a connection that has just ended.
  return address === undefined ? undefined : reasonOfAddress(address, rules);
}

/** By address, made once for each configuration: a connection brings many requests. */
const reasons = new WeakMap<ReaderRules, Map<string, OriginalReason>>();
/** About 1 MB. */
const MAX_ADDRESSES = 10_000;

function reasonOfAddress(address: string, rules: ReaderRules): OriginalReason {
  const known = reasons.get(rules) ?? new Map<string, OriginalReason>();
  if (known.has(address)) return known.get(address);
  reasons.set(rules, known);
  const reason = findReason(address, rules);
  known.set(address, reason);
  forgetOldest(known, MAX_ADDRESSES);
  return reason;
}

function findReason(address: string, rules: ReaderRules): OriginalReason {
  const ip = literalAddress(address);
  if (ip === undefined) return undefined;
  if (isIn(rules.optOut, ip)) return 'address';
  return isIn(rules.ownNetworks, ip) || isThisMachine(ip) ? undefined : 'foreign';
}

function isIn(prefixes: readonly Prefix[], address: IpAddress): boolean {
  return prefixes.some((prefix) => prefixContains(prefix, address));
}

/** A reverse proxy here, or a user of this machine. */
function isThisMachine({ family, words }: IpAddress): boolean {
  return family === 4 ? words[0] === 0x7f000001 : words.every((word, i) => word === (i === 3 ? 1 : 0));
}
