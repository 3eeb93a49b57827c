/**
 * Names in their uncompressed wire form (RFC 1035 section 3.1), as strings with a character for each octet: length octets,
 * labels and the root's zero. They serve as keys of maps, have no escapes, and hold any octet. Comparisons are of lower case
 * (RFC 4343): call {@link canonicalName} first.
 */

/** `\x03www\x07example\x00`; the root is `\x00`. */
export type DomainName = string;

export const ROOT_NAME: DomainName = '\0';
/** RFC 1035 section 2.3.4: length octets and the root included. */
export const MAX_NAME_BYTES = 255;
export const MAX_LABEL_BYTES = 63;
/** A name of 255 octets has at most 127 labels; each may follow a pointer. */
const MAX_POINTERS = 127;

/** Bytes that are not a DNS message. */
export class DnsFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DnsFormatError';
  }
}

export interface ReadName {
  readonly name: DomainName;
  /** The offset after the name in the message; a pointer takes two octets. */
  readonly end: number;
}

/**
 * Reads a name of a message and follows compression pointers (RFC 1035 section 4.1.4), which must point backwards.
 * @throws DnsFormatError
 */
export function readName(bytes: Uint8Array, start: number): ReadName {
  let name = '';
  let end = -1;
  let offset = start;
  let pointers = 0;
  for (;;) {
    const length = bytes[offset];
    if (length === undefined) throw new DnsFormatError('a name exceeds the message');
    if (length >= 0xc0) {
      const low = bytes[offset + 1];
      if (low === undefined) throw new DnsFormatError('a compression pointer exceeds the message');
      if (end < 0) end = offset + 2;
      const target = ((length & 0x3f) << 8) | low;
      if (target >= offset || ++pointers > MAX_POINTERS)
        throw new DnsFormatError('a compression pointer is not backwards');
      offset = target;
      continue;
    }
    if (length > MAX_LABEL_BYTES) throw new DnsFormatError(`a label of the reserved type ${length >>> 6}`);
    const next = offset + 1 + length;
    if (next > bytes.length) throw new DnsFormatError('a label exceeds the message');
    for (let i = offset; i < next; i++) name += String.fromCharCode(bytes[i]!);
    if (name.length > MAX_NAME_BYTES) throw new DnsFormatError(`a name of more than ${MAX_NAME_BYTES} octets`);
    offset = next;
    if (length === 0) return { name, end: end < 0 ? offset : end };
  }
}

/** Writes a name without compression. @returns the offset after it */
export function putName(bytes: Uint8Array, start: number, name: DomainName): number {
  for (let i = 0; i < name.length; i++) bytes[start + i] = name.charCodeAt(i);
  return start + name.length;
}

/** Lower case of the ASCII letters alone (RFC 4343 section 3). Length octets are below `A`. */
export function canonicalName(name: DomainName): DomainName {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * From text as in zone files: dots between labels, `\.` and `\DDD` for other octets; a final dot may be missing.
 * @throws DnsFormatError
 */
export function nameFromText(text: string): DomainName {
  if (text === '.' || text === '') return ROOT_NAME;
  const labels: string[] = [];
  let label = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '.') {
      labels.push(label);
      label = '';
      continue;
    }
    if (character !== '\\') {
      label += character;
      continue;
    }
    const decimal = /^\d{3}/.exec(text.slice(i + 1, i + 4))?.[0];
    label += decimal === undefined ? (text[i + 1] ?? '') : String.fromCharCode(Number(decimal));
    i += decimal === undefined ? 1 : 3;
  }
  if (!/(?:^|[^\\])(?:\\\\)*\.$/.test(text)) labels.push(label);
  return nameFromLabels(labels);
}

/** @throws DnsFormatError if a label is empty or too long, has no octets, or the name is too long */
export function nameFromLabels(labels: readonly string[]): DomainName {
  let name = '';
  for (const label of labels) {
    if (label.length === 0) throw new DnsFormatError('a name has an empty label');
    if (label.length > MAX_LABEL_BYTES) throw new DnsFormatError(`a label of more than ${MAX_LABEL_BYTES} octets`);
    if (/[^\0-\xff]/.test(label)) throw new DnsFormatError('a label has characters that are not octets');
    name += String.fromCharCode(label.length) + label;
  }
  name += ROOT_NAME;
  if (name.length > MAX_NAME_BYTES) throw new DnsFormatError(`a name of more than ${MAX_NAME_BYTES} octets`);
  return name;
}

/** The labels, without the root. */
export function labelsOf(name: DomainName): string[] {
  const labels: string[] = [];
  for (let at = 0; name.charCodeAt(at) > 0; at += name.charCodeAt(at) + 1) {
    labels.push(name.slice(at + 1, at + 1 + name.charCodeAt(at)));
  }
  return labels;
}

/** Text without the final dot, `\DDD` for octets that are not printable; the root is `.`. */
export function nameToText(name: DomainName): string {
  const escaped = labelsOf(name).map((label) =>
    label
      .replace(/[\\."();@$]/g, '\\$&')
      .replace(/[^!-~]/g, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`),
  );
  return escaped.length === 0 ? '.' : escaped.join('.');
}

/** Without its first label; of the root, the root. */
export function parentOf(name: DomainName): DomainName {
  return name.length <= 1 ? ROOT_NAME : name.slice(name.charCodeAt(0) + 1);
}

/** Whether the name is `ancestor` or lies below it. Both canonical. */
export function isAtOrBelow(name: DomainName, ancestor: DomainName): boolean {
  let at = 0;
  while (name.length - at > ancestor.length) at += name.charCodeAt(at) + 1;
  return name.length - at === ancestor.length && name.endsWith(ancestor);
}
