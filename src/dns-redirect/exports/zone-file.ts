/** Records as the text of a zone file (RFC 1035 section 5). */
import { formatIp, ipv4FromWord, ipv6FromWords } from '../../domain/ip-address.js';
import { TYPE_A, TYPE_AAAA, TYPE_CAA, TYPE_CNAME, TYPE_MX, TYPE_NS, TYPE_TXT } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';
import { type DomainName, nameToText } from '../wire/domain-name.js';

/** Those that zones of the redirection have. */
const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [TYPE_A, 'A'],
  [TYPE_NS, 'NS'],
  [TYPE_CNAME, 'CNAME'],
  [TYPE_MX, 'MX'],
  [TYPE_TXT, 'TXT'],
  [TYPE_AAAA, 'AAAA'],
  [TYPE_CAA, 'CAA'],
]);

/** One line. */
export function recordText({ name, type, ttl, data }: DnsRecord): string {
  const typeName = TYPE_NAMES.get(type);
  if (typeName === undefined) throw new Error(`records of type ${type} are not part of a zone`);
  return `${absolute(name)} ${ttl} IN ${typeName} ${dataText(type, data)}`;
}

export function dataText(type: number, data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  switch (type) {
    case TYPE_A:
      return formatIp(ipv4FromWord(view.getUint32(0)));
    case TYPE_AAAA:
      return formatIp(ipv6FromWords(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)));
    case TYPE_MX:
      return `${view.getUint16(0)} ${absolute(latin1(data.subarray(2)))}`;
    case TYPE_TXT:
      return characterStrings(data).map(quoted).join(' ');
    case TYPE_CAA: {
      const tagEnd = 2 + data[1]!;
      return `${data[0]} ${latin1(data.subarray(2, tagEnd))} ${quoted(latin1(data.subarray(tagEnd)))}`;
    }
    default:
      return absolute(latin1(data));
  }
}

/** The strings of a TXT record, one character for each octet. */
export function characterStrings(data: Uint8Array): string[] {
  const strings: string[] = [];
  for (let at = 0; at < data.length; at += data[at]! + 1)
    strings.push(latin1(data.subarray(at + 1, at + 1 + data[at]!)));
  return strings;
}

function quoted(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~]/g, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`);
  return `"${escaped}"`;
}

function absolute(name: DomainName): string {
  const text = nameToText(name);
  return text === '.' ? text : `${text}.`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
