/**
 * The same addresses as in src/domain/bogon.ts, asked by words and without allocation: an entry with one of them is an
 * invention or a mistake, and handing it out would aim clients at somebody's private network. The lab switch lets those
 * through that a laboratory uses: loopback, private, carrier-grade NAT, documentation, benchmarking.
 */
import { BOGON_PREFIXES, isBogon, isLaboratoryAddress } from '../domain/bogon.js';
import { ipv4FromWord } from '../domain/ip-address.js';

const NEVER = 1;
const LAB_ONLY = 2;
const LOOK_CLOSER = 3;

/** Kind by the first 16 bits where they decide, else {@link LOOK_CLOSER}: those 24-bit prefixes hold no Internet traffic. */
const BY_FIRST_HALF = new Uint8Array(65_536);
for (const prefix of BOGON_PREFIXES) {
  const first = prefix.address.words[0]! >>> 16;
  const kind = isLaboratoryAddress(prefix.address) ? LAB_ONLY : NEVER;
  const count = prefix.length >= 16 ? 1 : 1 << (16 - prefix.length);
  BY_FIRST_HALF.fill(prefix.length > 16 ? LOOK_CLOSER : kind, first, first + count);
}

/** @returns whether the IPv4 address must not be handed out */
export function isBogon4(word: number, lab: boolean): boolean {
  const kind = BY_FIRST_HALF[word >>> 16]!;
  if (kind === 0) return false;
  if (kind === LOOK_CLOSER) return isCloserBogon4(word, lab);
  return kind === NEVER || !lab;
}

/** Five blocks of 65,536 addresses, of which no more than one in 256 is in use: not worth a table. */
function isCloserBogon4(word: number, lab: boolean): boolean {
  if (!isBogon(ipv4FromWord(word))) return false;
  const isProtocolBlock = word >>> 8 === 0xc00000 || word >>> 8 === 0xc05863;
  return isProtocolBlock || !lab;
}

/**
 * Whether the peer at an offset of the swarms' words has an address of the operator's private or shared space: it means
 * another host, or none, to clients outside.
 */
export function isInnerOnly(words: Uint32Array, at: number, addressWords: 1 | 4): boolean {
  return addressWords === 1
    ? isBogon4(words[at]!, false)
    : isBogon6(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, false);
}

/** Global unicast is 2000::/3 (RFC 4291 section 2.4); the rest is special, and so are some parts of it. */
export function isBogon6(word0: number, word1: number, word2: number, word3: number, lab: boolean): boolean {
  if (word0 >>> 29 === 1) {
    const isDocumentation = word0 === 0x20010db8 || word0 >>> 12 === 0x3fff0;
    if (isDocumentation) return !lab;
    const isProtocolOrTeredo = word0 >>> 9 === 0x20010000 >>> 9;
    return isProtocolOrTeredo || word0 >>> 16 === 0x2002;
  }
  if (!lab) return true;
  const isLoopback = word0 === 0 && word1 === 0 && word2 === 0 && word3 === 1;
  const isUniqueLocal = word0 >>> 25 === 0x7e;
  return !(isLoopback || isUniqueLocal);
}
