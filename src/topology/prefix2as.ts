/**
 * CAIDA's RouteViews prefix2as: `prefix TAB length TAB asn`. A prefix with several origins (`30_10_20`) or an AS set
 * (`1,2`, also in braces) belongs to the first AS, which most routes agree on.
 */
import { maskWord } from '../domain/ip-address.js';
import { type AsnDatabase, AsnDatabaseBuilder } from './asn-database.js';
import { type DataFile, excerpt, forEachDataLine } from './data-file.js';
import { scanDecimal, scanIpv4, scanIpv6 } from './scan-address.js';

const TAB = 0x09;
const SPACE = 0x20;
const OPENING_BRACE = 0x7b;
const ORIGIN_ENDS = new Set([0x5f, 0x2c, 0x7d]); // _ , }

/** @throws OperatorError with file and line */
export function parsePrefix2As(file: DataFile): AsnDatabase {
  const { bytes } = file;
  const database = new AsnDatabaseBuilder();
  const words = new Uint32Array(8);
  const fieldEnd = (start: number, end: number): number => {
    let at = start;
    while (at < end && bytes[at] !== TAB && bytes[at] !== SPACE) at++;
    return at;
  };
  const fieldStart = (start: number, end: number): number => {
    let at = start;
    while (at < end && (bytes[at] === TAB || bytes[at] === SPACE)) at++;
    return at;
  };

  forEachDataLine(file, (start, end) => {
    const addressEnd = fieldEnd(start, end);
    const start4 = scanIpv4(bytes, start, addressEnd);
    if (start4 < 0 && !scanIpv6(bytes, start, addressEnd, words, 0)) {
      return `${excerpt(bytes, start, addressEnd)} is not an IPv4 or IPv6 address`;
    }
    const lengthStart = fieldStart(addressEnd, end);
    const lengthEnd = fieldEnd(lengthStart, end);
    const length = scanDecimal(bytes, lengthStart, lengthEnd, start4 < 0 ? 128 : 32);
    if (length < 0) return `${excerpt(bytes, lengthStart, lengthEnd)} is not a prefix length`;
    let asnStart = fieldStart(lengthEnd, end);
    const originsEnd = fieldEnd(asnStart, end);
    if (bytes[asnStart] === OPENING_BRACE) asnStart++;
    let asnEnd = asnStart;
    while (asnEnd < originsEnd && !ORIGIN_ENDS.has(bytes[asnEnd]!)) asnEnd++;
    const asn = scanDecimal(bytes, asnStart, asnEnd, 0xffffffff);
    if (asn < 0) return `${excerpt(bytes, asnStart, originsEnd)} is not an AS number`;
    if (start4 < 0) {
      for (let w = 0; w < 4; w++) {
        words[w] = words[w]! & maskWord(length - 32 * w);
        words[4 + w] = words[w]! | ~maskWord(length - 32 * w);
      }
      database.ipv6.add6(words, 0, words, 4, asn);
    } else {
      database.ipv4.add4((start4 & maskWord(length)) >>> 0, (start4 | ~maskWord(length)) >>> 0, asn);
    }
    return undefined;
  });
  return database.build();
}
