/**
 * Finds the names inside the data of a record that a sender may have compressed: the types of RFC 1035 section 3.3, and those that
 * RFC 3597 section 4 asks receivers to decompress. In all other types the data is opaque.
 */
import { DnsFormatError, readName } from './domain-name.js';

interface Layout {
  /** Octets before the names. */
  readonly before: number;
  readonly names: number;
  /** Only the types of RFC 1035 may be written compressed (RFC 3597 section 4). */
  readonly compressible: boolean;
}

const one = { before: 0, names: 1, compressible: true };
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [2, one], // NS
  [3, one], // MD
  [4, one], // MF
  [5, one], // CNAME
  [6, { before: 0, names: 2, compressible: true }], // SOA
  [7, one], // MB
  [8, one], // MG
  [9, one], // MR
  [12, one], // PTR
  [14, { before: 0, names: 2, compressible: true }], // MINFO
  [15, { before: 2, names: 1, compressible: true }], // MX
  [17, { before: 0, names: 2, compressible: false }], // RP
  [18, { before: 2, names: 1, compressible: false }], // AFSDB
  [21, { before: 2, names: 1, compressible: false }], // RT
  [24, { before: 18, names: 1, compressible: false }], // SIG
  [26, { before: 2, names: 2, compressible: false }], // PX
  [33, { before: 6, names: 1, compressible: false }], // SRV
  [36, { before: 2, names: 1, compressible: false }], // KX
  [39, { before: 0, names: 1, compressible: false }], // DNAME
]);

/**
 * The data of a record with its names uncompressed.
 * @param bytes the whole message, into which names point
 * @throws DnsFormatError
 */
export function readRecordData(bytes: Uint8Array, type: number, start: number, length: number): Uint8Array {
  const end = start + length;
  if (end > bytes.length) throw new DnsFormatError('the data of a record exceeds the message');
  const layout = LAYOUTS.get(type);
  // Updates and some signatures have records without data.
  // A copy: a slice of a Buffer would keep the memory of the whole message.
  if (layout === undefined || length === 0) return new Uint8Array(bytes.subarray(start, end));
  let text = '';
  let offset = start + layout.before;
  for (let i = 0; i < layout.names; i++) {
    const read = readName(bytes, offset);
    text += read.name;
    offset = read.end;
  }
  if (offset > end) throw new DnsFormatError('a name exceeds the data of its record');
  const data = new Uint8Array(layout.before + text.length + (end - offset));
  data.set(bytes.subarray(start, start + layout.before));
  for (let i = 0; i < text.length; i++) data[layout.before + i] = text.charCodeAt(i);
  data.set(bytes.subarray(offset, end), layout.before + text.length);
  return data;
}

/** How many octets precede the names that may be written compressed, and how many names there are; `undefined`: none. */
export function compressibleNames(type: number): { readonly before: number; readonly names: number } | undefined {
  const layout = LAYOUTS.get(type);
  return layout?.compressible ? layout : undefined;
}
