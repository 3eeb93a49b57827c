/**
 * Decides, as a pure function, how to change the answer of an upstream resolver, so that no resolver in front of this server
 * caches records that bypass the redirection. Such records are a chain of CNAMEs to a listed name, a CNAME at a listed name in
 * an answer of another type, and its addresses beside an MX record. TXT records of a redirected tracker name get the ports that
 * it has here, unless the original forbids announces. Signed parts pass, because a validator would refuse changed ones.
 */
import { deniesAll, isBittorrentText } from './bittorrent-text.js';
import { isRedirectedType } from './decide.js';
import type { SignedNames } from './redirect-policy.js';
import type { ListedName } from './redirections.js';
import {
  TYPE_A,
  TYPE_AAAA,
  TYPE_ANY,
  TYPE_CNAME,
  TYPE_DNAME,
  TYPE_DS,
  TYPE_HTTPS,
  TYPE_RRSIG,
  TYPE_SVCB,
  TYPE_TXT,
} from './wire/dns-codes.js';
import type { DnsMessage, DnsRecord } from './wire/dns-message.js';
import { canonicalName, type DomainName, isAtOrBelow, readName } from './wire/domain-name.js';
import { textOf } from './wire/rdata-values.js';

export type Review =
  | { readonly kind: 'pass' }
  /** The question's name is redirected, and the original is not signed. */
  | { readonly kind: 'redirect'; readonly listed: ListedName }
  /** The question's name has a CNAME or DNAME, which nobody may follow. */
  | { readonly kind: 'deny'; readonly listed: ListedName; readonly name: DomainName }
  /** The chain leads to a listed name: `chain` goes on with our records at `name`, or with a denial. */
  | {
      readonly kind: 'cut';
      readonly chain: readonly DnsRecord[];
      readonly name: DomainName;
      readonly listed: ListedName;
      readonly denied: boolean;
    }
  /** The TXT records of a redirected tracker: `others` of the original, and ours, `text`, in place of its own (BEP 34). */
  | { readonly kind: 'text'; readonly name: DomainName; readonly text: string; readonly others: readonly DnsRecord[] }
  | { readonly kind: 'trim'; readonly additionals: readonly DnsRecord[] };

export interface ReviewRules {
  /** A listed name whose target is available. @param name canonical */
  readonly find: (name: DomainName) => ListedName | undefined;
  readonly signedNames: SignedNames;
  /** The client asked for signatures. */
  readonly dnssecOk: boolean;
}

const PASS: Review = { kind: 'pass' };
/** Longer chains are cut by resolvers too. */
const MAX_CHAIN = 16;

/** Whether any part of the answer is about a listed name: if not, it passes whatever the rules are. */
export function namesListed(message: DnsMessage, isListed: (name: DomainName) => boolean): boolean {
  const isAbout = ({ name }: { readonly name: DomainName }): boolean => isListed(canonicalName(name));
  if (message.questions.some(isAbout) || message.additionals.some(isAbout)) return true;
  return message.answers.some(
    (record) => isAbout(record) || (record.type === TYPE_CNAME && isListed(targetOf(record))),
  );
}

/** @param message an answer with one question, whose name is canonical */
export function reviewAnswer(message: DnsMessage, rules: ReviewRules): Review {
  const question = message.questions[0];
  if (question === undefined) return PASS;
  const { type } = question;
  const follows = type !== TYPE_CNAME && type !== TYPE_ANY;
  const chain: DnsRecord[] = [];
  let name = question.name;
  for (let i = 0; i < MAX_CHAIN; i++) {
    const listed = rules.find(name);
    if (listed !== undefined) {
      const verdict = reviewListed(message, type, name, listed, chain, rules);
      if (verdict !== undefined) return verdict;
    }
    const next = follows ? targetAt(message.answers, name) : undefined;
    if (next === undefined) break;
    chain.push(...message.answers.filter((record) => leadsOn(record, name)));
    name = next;
  }
  return trimmed(message, rules);
}

/** What to do at a listed name of the chain; `undefined`: its answer may pass. */
function reviewListed(
  message: DnsMessage,
  type: number,
  name: DomainName,
  listed: ListedName,
  chain: readonly DnsRecord[],
  rules: ReviewRules,
): Review | undefined {
  const redirected = isRedirectedType(type);
  const leadsAway = message.answers.some((record) => leadsOn(record, name) && record.type !== TYPE_RRSIG);
  const text = type === TYPE_TXT && chain.length === 0 ? listed.redirected.announceText : undefined;
  if (!redirected && !leadsAway && text === undefined) return undefined;
  if (text !== undefined && deniesAll(textsAt(message, name).map(({ data }) => textOf(data)))) return undefined;
  if (rules.dnssecOk && (rules.signedNames === 'leave' || type === TYPE_DS) && isSigned(message, name)) return PASS;
  if (text !== undefined) return { kind: 'text', name, text, others: leadsAway ? [] : otherTexts(message, name) };
  if (chain.length > 0) return { kind: 'cut', chain, name, listed, denied: !redirected };
  return redirected ? { kind: 'redirect', listed } : { kind: 'deny', listed, name };
}

function textsAt({ answers }: DnsMessage, name: DomainName): DnsRecord[] {
  return answers.filter((record) => record.type === TYPE_TXT && canonicalName(record.name) === name);
}

function otherTexts(message: DnsMessage, name: DomainName): DnsRecord[] {
  return textsAt(message, name).filter(({ data }) => !isBittorrentText(textOf(data)));
}

/** Signatures at the name, or over the denial of it. */
function isSigned(message: DnsMessage, name: DomainName): boolean {
  if (message.answers.some((record) => record.type === TYPE_RRSIG && canonicalName(record.name) === name)) return true;
  const exists = message.answers.some((record) => canonicalName(record.name) === name);
  return !exists && message.authorities.some((record) => record.type === TYPE_RRSIG);
}

/** A CNAME at the name, a DNAME at or above it, or their signatures. */
function leadsOn(record: DnsRecord, name: DomainName): boolean {
  const type = record.type === TYPE_RRSIG ? coveredType(record) : record.type;
  if (type === TYPE_CNAME) return canonicalName(record.name) === name;
  return type === TYPE_DNAME && isAtOrBelow(name, canonicalName(record.name));
}

function targetAt(answers: readonly DnsRecord[], name: DomainName): DomainName | undefined {
  const record = answers.find((each) => each.type === TYPE_CNAME && canonicalName(each.name) === name);
  return record && targetOf(record);
}

function targetOf({ data }: DnsRecord): DomainName {
  return canonicalName(readName(data, 0).name);
}

/** RFC 4034 section 3.1. */
function coveredType({ data }: DnsRecord): number {
  return data.length < 2 ? 0 : (data[0]! << 8) | data[1]!;
}

/** Without the addresses of listed names that answers of other types bring along. */
function trimmed(message: DnsMessage, rules: ReviewRules): Review {
  const { additionals } = message;
  const left = additionals.filter((record) => {
    const type = record.type === TYPE_RRSIG ? coveredType(record) : record.type;
    if (type !== TYPE_A && type !== TYPE_AAAA && type !== TYPE_HTTPS && type !== TYPE_SVCB) return true;
    return rules.find(canonicalName(record.name)) === undefined;
  });
  return left.length === additionals.length ? PASS : { kind: 'trim', additionals: left };
}
