/**
 * IP addresses and prefixes as values of at most four 32-bit words, most significant first, so that the data plane can
 * carry them in registers. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) always becomes
 * IPv4. Zone identifiers (`%eth0`) are refused.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { ClientError } from './errors.js';

export interface IpAddress {
  readonly family: 4 | 6;
  /** IPv4: one word. IPv6: four words. Unsigned, most significant first. */
  readonly words: readonly number[];
}

export interface Prefix {
  readonly address: IpAddress;
  /** 0–32 for IPv4, 0–128 for IPv6. */
  readonly length: number;
}

export function ipv4FromWord(word: number): IpAddress {
  return { family: 4, words: [word >>> 0] };
}

/** Four words; a mapped IPv4 address becomes IPv4. */
export function ipv6FromWords(a: number, b: number, c: number, d: number): IpAddress {
  if (a === 0 && b === 0 && c >>> 0 === 0xffff) return ipv4FromWord(d);
  return { family: 6, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
}

/** @throws ClientError `invalid-value` */
export function parseIp(text: string): IpAddress {
  if (isIPv4(text)) return ipv4FromWord(ipv4Word(text));
  if (isIPv6(text) && !text.includes('%')) {
    const words = ipv6Words(text);
    return ipv6FromWords(words[0]!, words[1]!, words[2]!, words[3]!);
  }
  throw new ClientError('invalid-value', `"${text.slice(0, 60)}" is not an IPv4 or IPv6 address`);
}

function ipv4Word(text: string): number {
  let word = 0;
  for (const part of text.split('.')) word = word * 256 + Number(part);
  return word >>> 0;
}

function ipv6Words(text: string): number[] {
  let hex = text;
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const word = ipv4Word(dotted[1]!);
    hex = `${text.slice(0, dotted.index)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const [head = '', tail] = hex.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? front : [...front, ...new Array<string>(8 - front.length - back.length).fill('0'), ...back];
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push(((parseInt(groups[i]!, 16) << 16) | parseInt(groups[i + 1]!, 16)) >>> 0);
  return words;
}

/** RFC 5952 text. */
export function formatIp(address: IpAddress): string {
  if (address.family === 4) return formatIpv4(address.words[0]!);
  const groups: number[] = [];
  for (const word of address.words) groups.push(word >>> 16, word & 0xffff);
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; ) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > bestLength) {
      bestStart = i;
      bestLength = j - i;
    }
    i = Math.max(j, i + 1);
  }
  const hex = groups.map((g) => g.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/**
 * `address/length`, or a bare address (a host prefix). Host bits that are set are an error and are not cleared.
 * @throws ClientError `invalid-value`
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  const bits = address.family === 4 ? 32 : 128;
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > bits) {
    throw new ClientError('invalid-value', `"${text.slice(0, 60)}" is not a prefix: the length is 0 to ${bits}`);
  }
  const length = Number(lengthText);
  address.words.forEach((word, i) => {
    if ((word & ~maskWord(length - 32 * i)) !== 0) {
      throw new ClientError('invalid-value', `"${text.slice(0, 60)}" has bits set past its length of ${length}`);
    }
  });
  return { address, length };
}

/** The 32-bit mask of the first `bits` bits; below 0 counts as 0, above 32 as 32. */
export function maskWord(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.address)}/${prefix.length}`;
}

export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  if (prefix.address.family !== address.family) return false;
  return address.words.every((word, i) => ((word ^ prefix.address.words[i]!) & maskWord(prefix.length - 32 * i)) === 0);
}
