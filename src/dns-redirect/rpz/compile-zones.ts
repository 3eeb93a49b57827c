/**
 * Compiles the redirections into the records of two response policy zones (draft-vixie-dnsop-dns-rpz-00), without their SOA.
 *
 * The exempt zone has the clients that are not redirected. It must come first in the resolver's list, because Unbound applies
 * names before clients within a zone. The data zone has the names. In an RPZ, a type that is not listed at a name becomes
 * NODATA. So HTTPS and SVCB records of the original vanish, and its mail and policy records must be copied.
 */
import type { Prefix } from '../../domain/ip-address.js';
import type { ActiveName } from '../active-redirections.js';
import { isBittorrentText } from '../bittorrent-text.js';
import { CLASS_IN, TYPE_A, TYPE_AAAA, TYPE_CNAME, TYPE_NS, TYPE_TXT } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';
import { type DomainName, MAX_NAME_BYTES, nameFromText } from '../wire/domain-name.js';
import { addressData, nameData, textData, textOf } from '../wire/rdata-values.js';
import { clientIpOwner, exemptPrefixes } from './client-prefixes.js';

/** The primary of both zones in their NS and SOA: no resolver asks it (RFC 2606). */
export const PRIMARY_NAME = nameFromText('alias-tracker.invalid');

/** The answer does not exist for any type; `*.` as the target of a CNAME (section 3.2). */
const NODATA = nameData(nameFromText('*'));
/** The answer is what it is without this zone (section 3.3). */
const PASSTHRU = nameData(nameFromText('rpz-passthru'));
const HTTPS_OF_OTHER_PORTS = '*._https';

/** A record of the original at a redirected name. */
export interface CopiedRecord {
  readonly type: number;
  readonly data: Uint8Array;
}

/**
 * @param names those that are redirected now
 * @param copies by name; a name that is missing here is left out, because it would lose its mail
 * @returns records in a fixed order, without names that are too long in this zone or are a whole top-level domain
 */
export function compileDataZone(
  zone: DomainName,
  names: readonly ActiveName[],
  copies: ReadonlyMap<string, readonly CopiedRecord[]>,
  ttl: number,
): DnsRecord[] {
  const records = names
    .filter(({ name }) => name.includes('.') && fitsInZone(name, zone))
    .flatMap(({ name, addresses, announceText }): DnsRecord[] => {
      const copied = copies.get(name);
      if (copied === undefined) return [];
      const owner = ownerIn(zone, name);
      const at = (type: number, data: Uint8Array): DnsRecord => ({ name: owner, type, class: CLASS_IN, ttl, data });
      return [
        ...addresses.map((address) => at(address.family === 4 ? TYPE_A : TYPE_AAAA, addressData(address))),
        ...withAnnounceText(copied, announceText).map(({ type, data }) => at(type, data)),
        { ...at(TYPE_CNAME, NODATA), name: ownerIn(zone, `${HTTPS_OF_OTHER_PORTS}.${name}`) },
      ];
    });
  return [nsRecord(zone, ttl), ...inOrder(records)];
}

/** Replaces the original's TXT record of its tracker ports by the ports of this tracker (BEP 34). */
export function withAnnounceText(copied: readonly CopiedRecord[], text: string | undefined): readonly CopiedRecord[] {
  if (text === undefined) return copied;
  const others = copied.filter(({ type, data }) => type !== TYPE_TXT || !isBittorrentText(textOf(data)));
  return [...others, { type: TYPE_TXT, data: textData(text) }];
}

/** @param clients undefined: everyone is redirected */
export function compileExemptZone(
  zone: DomainName,
  clients: readonly Prefix[] | undefined,
  optOut: readonly Prefix[],
  ttl: number,
): DnsRecord[] {
  const records = exemptPrefixes(clients, optOut).map((prefix): DnsRecord => {
    const name = ownerIn(zone, clientIpOwner(prefix));
    return { name, type: TYPE_CNAME, class: CLASS_IN, ttl, data: PASSTHRU };
  });
  return [nsRecord(zone, ttl), ...inOrder(records)];
}

/** Whether the name and its `*._https` name can be written below the zone's. */
export function fitsInZone(name: string, zone: DomainName): boolean {
  // In wire form, a length octet replaces each dot, and one precedes the first label.
  return HTTPS_OF_OTHER_PORTS.length + name.length + 2 + zone.length <= MAX_NAME_BYTES;
}

/** Two records are equal if their keys are. */
export function recordKey({ name, type, ttl, data }: DnsRecord): string {
  return `${name} ${type} ${ttl} ${Buffer.from(data).toString('latin1')}`;
}

function nsRecord(zone: DomainName, ttl: number): DnsRecord {
  return { name: zone, type: TYPE_NS, class: CLASS_IN, ttl, data: nameData(PRIMARY_NAME) };
}

function ownerIn(zone: DomainName, name: string): DomainName {
  return nameFromText(name).slice(0, -1) + zone;
}

/** The same records always give the same zone; a zone has no record twice. */
function inOrder(records: readonly DnsRecord[]): DnsRecord[] {
  const byKey = new Map(records.map((record) => [recordKey(record), record]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}
