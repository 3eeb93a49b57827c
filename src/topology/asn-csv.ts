/**
 * CSV of address ranges and their AS. Each line has one of two layouts:
 * `start,end,asn[,"organisation"]` with both ends inclusive (ip-location-db), and
 * `prefix/length,asn[,"organisation"]` (the CSV edition of GeoLite2-ASN). A first line without an address is a header.
 */
import { maskWord } from '../domain/ip-address.js';
import { type AsnDatabase, AsnDatabaseBuilder } from './asn-database.js';
import { type DataFile, excerpt, forEachDataLine } from './data-file.js';
import { scanDecimal, scanIpv4, scanIpv6 } from './scan-address.js';

const COMMA = 0x2c;
const QUOTE = 0x22;
const SLASH = 0x2f;
const MAX_ASN = 0xffffffff;

/** @throws OperatorError with file and line */
export function parseAsnCsv(file: DataFile): AsnDatabase {
  const { bytes } = file;
  const database = new AsnDatabaseBuilder();
  const words = new Uint32Array(8);
  let heading = true;

  const fieldEnd = (start: number, end: number): number => {
    const comma = bytes.indexOf(COMMA, start);
    return comma < 0 || comma > end ? end : comma;
  };

  forEachDataLine(file, (start, end) => {
    const first = heading;
    heading = false;
    const firstEnd = fieldEnd(start, end);
    const slash = bytes.indexOf(SLASH, start);
    const isPrefix = slash > start && slash < firstEnd;
    const addressEnd = isPrefix ? slash : firstEnd;
    const start4 = scanIpv4(bytes, start, addressEnd);
    if (start4 < 0 && !scanIpv6(bytes, start, addressEnd, words, 0)) {
      return first ? undefined : `${excerpt(bytes, start, addressEnd)} is not an IPv4 or IPv6 address`;
    }
    let end4 = 0;
    let lastEnd = firstEnd;
    if (isPrefix) {
      const length = scanDecimal(bytes, slash + 1, firstEnd, start4 < 0 ? 128 : 32);
      if (length < 0) return `${excerpt(bytes, slash + 1, firstEnd)} is not a prefix length`;
      end4 = (start4 | ~maskWord(length)) >>> 0;
      for (let w = 0; w < 4; w++) words[4 + w] = words[w]! | ~maskWord(length - 32 * w);
    } else {
      const lastStart = firstEnd + 1;
      lastEnd = fieldEnd(lastStart, end);
      end4 = start4 < 0 ? 0 : scanIpv4(bytes, lastStart, lastEnd);
      if (end4 < 0 || (start4 < 0 && !scanIpv6(bytes, lastStart, lastEnd, words, 4))) {
        return `${excerpt(bytes, lastStart, lastEnd)} is not an IPv${start4 < 0 ? 6 : 4} address as the start is`;
      }
      if (start4 < 0 ? isDescending(words) : end4 < start4) return 'the range ends before it starts';
    }
    const asnStart = lastEnd + 1;
    const asnEnd = fieldEnd(asnStart, end);
    const asn = scanDecimal(bytes, asnStart, asnEnd, MAX_ASN);
    if (asn < 0) return `${excerpt(bytes, asnStart, asnEnd)} is not an AS number`;
    if (start4 < 0) database.ipv6.add6(words, 0, words, 4, asn);
    else database.ipv4.add4(start4, end4, asn);
    if (asnEnd < end && !database.organisations.has(asn)) {
      database.organisations.set(asn, unquoted(bytes, asnEnd + 1, end));
    }
    return undefined;
  });
  return database.build();
}

/** Whether the address in words 4 to 7 is lower than the one in words 0 to 3. */
function isDescending(words: Uint32Array): boolean {
  for (let w = 0; w < 4; w++) {
    if (words[w] !== words[4 + w]) return words[4 + w]! < words[w]!;
  }
  return false;
}

/** The last field of a line: everything to the end of the line, commas included. */
function unquoted(bytes: Buffer, start: number, end: number): string {
  if (end - start >= 2 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
    return bytes.toString('utf8', start + 1, end - 1).replaceAll('""', '"');
  }
  return bytes.toString('utf8', start, end);
}
