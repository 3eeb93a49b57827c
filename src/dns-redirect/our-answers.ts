/**
 * The answers with our own addresses. They are built when the policy or the health of a target changes, and copied for each
 * query. The addresses rotate (round robin). Redirected answers are neither authoritative nor signed: a client that
 * validates a signed name refuses them.
 */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import { type AnswerTemplate, emptyTemplate, NO_EXTENDED_ERROR } from './answer-template.js';
import { answersType, type RedirectState } from './decide.js';
import type { RedirectedName, RedirectPolicy } from './redirect-policy.js';
import type { ListedName } from './redirections.js';
import {
  CLASS_IN,
  DNS_HEADER_BYTES,
  EDE_FORGED_ANSWER,
  RCODE_NOERROR,
  RCODE_NXDOMAIN,
  TYPE_A,
  TYPE_AAAA,
  TYPE_ANY,
  TYPE_SOA,
  TYPE_TXT,
} from './wire/dns-codes.js';
import type { DnsRecord } from './wire/dns-message.js';
import { type DomainName, nameFromText, ROOT_NAME } from './wire/domain-name.js';
import { addressData, soaData, textData } from './wire/rdata-values.js';

const PRIMARY = nameFromText('alias-tracker.invalid');
const MAILBOX = nameFromText('hostmaster.alias-tracker.invalid');
/** With more addresses than this, the mask is a string. */
const MAX_MASK_BITS = 30;

/** By type: the answers with the healthy addresses of a name, one for each rotation. A type without an entry is denied. */
type Templates = ReadonlyMap<number, readonly AnswerTemplate[]>;

export class OurAnswers {
  readonly #policy: RedirectPolicy;
  readonly #state: RedirectState;
  /** Addresses as text → which of them are healthy → templates: most names have the same addresses. */
  readonly #byAddresses = new Map<string, Map<number | string, Templates>>();
  readonly #byName = new WeakMap<RedirectedName, Map<number | string, Templates>>();
  readonly #denials = new Map<number, AnswerTemplate>();
  /** For names that this server denies by itself. */
  readonly noData: AnswerTemplate;
  readonly noName: AnswerTemplate;
  #rotation = 0;

  constructor(policy: RedirectPolicy, state: RedirectState) {
    this.#policy = policy;
    this.#state = state;
    this.noData = this.#denial(0, RCODE_NOERROR, NO_EXTENDED_ERROR);
    this.noName = this.#denial(0, RCODE_NXDOMAIN, EDE_FORGED_ANSWER);
  }

  /** For a query of any type of a redirected name. */
  template({ redirected, zoneAt }: ListedName, type: number): AnswerTemplate {
    const rotations = this.#templatesOf(redirected).get(type);
    if (rotations === undefined) return this.#denialAt(zoneAt);
    return rotations[this.#nextRotation() % rotations.length]!;
  }

  /** Our records at the end of a chain of CNAMEs: addresses of the type, or the SOA of a denial. */
  recordsAt(
    name: DomainName,
    { redirected, zoneAt }: ListedName,
    type: number,
  ): { readonly answers: readonly DnsRecord[]; readonly authorities: readonly DnsRecord[] } {
    const ours = this.#healthy(redirected).filter((address) => answersType(address, type));
    const first = ours.length === 0 ? 0 : this.#nextRotation() % ours.length;
    const answers = rotated(ours, first).map((address) => this.#addressRecord(name, address));
    return { answers, authorities: answers.length > 0 ? [] : [this.#soa(name.slice(zoneAt))] };
  }

  /** Which ports a redirected tracker has here (BEP 34). */
  textAt(name: DomainName, text: string): DnsRecord {
    return { name, type: TYPE_TXT, class: CLASS_IN, ttl: this.#policy.ttlSeconds, data: textData(text) };
  }

  #nextRotation(): number {
    this.#rotation = (this.#rotation + 1) & 0xffff;
    return this.#rotation;
  }

  #healthy(name: RedirectedName): readonly IpAddress[] {
    return name.addresses.filter((_, i) => this.#state.isHealthy(name, i));
  }

  #templatesOf(name: RedirectedName): Templates {
    let byMask = this.#byName.get(name);
    if (byMask === undefined) {
      const addresses = name.addresses.map(formatIp).join();
      byMask = this.#byAddresses.get(addresses) ?? new Map<number | string, Templates>();
      this.#byAddresses.set(addresses, byMask);
      this.#byName.set(name, byMask);
    }
    const mask = this.#maskOf(name);
    let templates = byMask.get(mask);
    if (templates === undefined) {
      templates = this.#compile(this.#healthy(name));
      byMask.set(mask, templates);
    }
    return templates;
  }

  /** Which addresses are healthy. */
  #maskOf(name: RedirectedName): number | string {
    const { length } = name.addresses;
    if (length > MAX_MASK_BITS) return name.addresses.map((_, i) => (this.#state.isHealthy(name, i) ? 1 : 0)).join('');
    let mask = 0;
    for (let i = 0; i < length; i++) if (this.#state.isHealthy(name, i)) mask |= 1 << i;
    return mask;
  }

  #compile(addresses: readonly IpAddress[]): Templates {
    const templates = new Map<number, AnswerTemplate[]>();
    for (const type of [TYPE_A, TYPE_AAAA, TYPE_ANY]) {
      const ours = addresses.filter((address) => answersType(address, type));
      if (ours.length === 0) continue;
      const rotations = ours.map((_, first) => {
        const records = rotated(ours, first).map((address) => this.#addressRecord(ROOT_NAME, address));
        const empty = emptyTemplate(RCODE_NOERROR, EDE_FORGED_ANSWER);
        return { ...empty, answers: records.length, records: written(records, 0) };
      });
      templates.set(type, rotations);
    }
    return templates;
  }

  #denialAt(zoneAt: number): AnswerTemplate {
    const known = this.#denials.get(zoneAt);
    if (known !== undefined) return known;
    const made = this.#denial(zoneAt, RCODE_NOERROR, EDE_FORGED_ANSWER);
    this.#denials.set(zoneAt, made);
    return made;
  }

  #denial(zoneAt: number, rcode: number, extendedError: number): AnswerTemplate {
    return {
      ...emptyTemplate(rcode, extendedError),
      authorities: 1,
      // Resolvers cache a denial for as long as its SOA says (RFC 2308 section 3).
      records: written([this.#soa(ROOT_NAME)], zoneAt),
    };
  }

  #addressRecord(name: DomainName, address: IpAddress): DnsRecord {
    const type = address.family === 4 ? TYPE_A : TYPE_AAAA;
    return { name, type, class: CLASS_IN, ttl: this.#policy.ttlSeconds, data: addressData(address) };
  }

  #soa(name: DomainName): DnsRecord {
    const data = soaData({
      primary: PRIMARY,
      mailbox: MAILBOX,
      serial: this.#policy.serial,
      // There are no secondaries, so refresh, retry and expire do not matter; the last bounds negative caching (RFC 2308 section 5).
      refresh: 3_600,
      retry: 600,
      expire: 86_400,
      minimum: this.#policy.ttlSeconds,
    });
    return { name, type: TYPE_SOA, class: CLASS_IN, ttl: this.#policy.ttlSeconds, data };
  }
}

/** The addresses in the same order, beginning with another one. */
function rotated(addresses: readonly IpAddress[], first: number): readonly IpAddress[] {
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}

/**
 * Records that fit any question: their owner is a pointer into its name, and no other name in them is compressed.
 * @param ownerAt octets of the question's name before the owner
 */
function written(records: readonly DnsRecord[], ownerAt: number): Uint8Array {
  const heads = records.map(({ type, class: classNumber, ttl, data }) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc000 | (DNS_HEADER_BYTES + ownerAt), 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(classNumber, 4);
    head.writeUInt32BE(ttl, 6);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  return Uint8Array.from(Buffer.concat(heads));
}
