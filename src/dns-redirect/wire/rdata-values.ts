/** The data of the record types that this program makes or reads, in uncompressed wire form. */
import type { IpAddress } from '../../domain/ip-address.js';
import type { DomainName } from './domain-name.js';

export interface SoaValues {
  readonly primary: DomainName;
  readonly mailbox: DomainName;
  readonly serial: number;
  /** Seconds, as are the next three. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** The time to live of negative answers (RFC 2308 section 4). */
  readonly minimum: number;
}

/** A or AAAA. */
export function addressData({ words }: IpAddress): Uint8Array {
  const data = new Uint8Array(words.length * 4);
  const view = new DataView(data.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word);
  });
  return data;
}

/** CNAME, NS, PTR, DNAME. */
export function nameData(name: DomainName): Uint8Array {
  return Uint8Array.from(name, (octet) => octet.charCodeAt(0));
}

/** TXT: strings of at most 255 octets, which readers join (RFC 1035 section 3.3.14). @param text ASCII, not empty */
export function textData(text: string): Uint8Array {
  const strings = text.match(/.{1,255}/gs) ?? [''];
  return Buffer.concat(strings.map((each) => Buffer.from(`${String.fromCharCode(each.length)}${each}`, 'latin1')));
}

/** @param data of a TXT record. @returns its strings, joined; an octet is a character */
export function textOf(data: Uint8Array): string {
  let text = '';
  for (let at = 0; at < data.length; at += 1 + data[at]!) {
    text += Buffer.from(data.subarray(at + 1, at + 1 + data[at]!)).toString('latin1');
  }
  return text;
}

export function soaData(soa: SoaValues): Uint8Array {
  const names = soa.primary + soa.mailbox;
  const data = new Uint8Array(names.length + 20);
  data.set(nameData(names));
  const view = new DataView(data.buffer, names.length);
  [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum].forEach((number, i) => {
    view.setUint32(i * 4, number);
  });
  return data;
}

/** @param data of an SOA record with uncompressed names. @returns undefined if it is not one */
export function soaMinimum(data: Uint8Array): number | undefined {
  if (data.length < 22) return undefined;
  return new DataView(data.buffer, data.byteOffset + data.length - 4, 4).getUint32(0);
}
