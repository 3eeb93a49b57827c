/**
 * PROXY protocol versions 1 (text) and 2 (binary): the header with which a load balancer names the client of a connection.
 * Specification: haproxy.org/download/3.0/doc/proxy-protocol.txt. Only addresses are read; TLV extensions are skipped.
 */
import { parseIp } from '../domain/ip-address.js';
import type { RemoteAddress } from './transport.js';

/** Version 1 lines hold at most 107 bytes (specification, 2.1). */
const MAX_TEXT_HEADER_BYTES = 107;
/** Version 2 with extensions; real ones stay below 600 bytes even with TLS names in them. */
export const MAX_PROXY_HEADER_BYTES = 2_048;

export const PROXY_INCOMPLETE = 0;
export const PROXY_INVALID = -1;

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const BINARY_HEAD_BYTES = 16;
const TEXT_START = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
const LF = 0x0a;

/** How many of the first bytes match: all, some (the rest has not arrived), or −1. */
function startsLike(bytes: Uint8Array, wanted: readonly number[]): number {
  const length = Math.min(bytes.length, wanted.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== wanted[i]) return -1;
  return length;
}

/**
 * @param remote receives the address in the header; a header without one (LOCAL, UNKNOWN) leaves it unchanged
 * @returns the length of the header, {@link PROXY_INCOMPLETE} or {@link PROXY_INVALID}
 */
export function readProxyHeader(bytes: Uint8Array, remote: RemoteAddress): number {
  const binary = startsLike(bytes, SIGNATURE);
  if (binary >= 0) return binary < SIGNATURE.length ? PROXY_INCOMPLETE : readBinaryHeader(bytes, remote);
  const text = startsLike(bytes, TEXT_START);
  if (text < 0) return PROXY_INVALID;
  return text < TEXT_START.length ? PROXY_INCOMPLETE : readTextHeader(bytes, remote);
}

function readBinaryHeader(bytes: Uint8Array, remote: RemoteAddress): number {
  if (bytes.length < BINARY_HEAD_BYTES) return PROXY_INCOMPLETE;
  const command = bytes[12]!;
  if (command !== 0x20 && command !== 0x21) return PROXY_INVALID;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const addressBytes = view.getUint16(14);
  const headerBytes = BINARY_HEAD_BYTES + addressBytes;
  if (headerBytes > MAX_PROXY_HEADER_BYTES) return PROXY_INVALID;
  if (bytes.length < headerBytes) return PROXY_INCOMPLETE;
  if (command === 0x20) return headerBytes;
  const familyAndProtocol = bytes[13]!;
  if (familyAndProtocol === 0x11) {
    if (addressBytes < 12) return PROXY_INVALID;
    setIpv4(remote, view.getUint32(16), view.getUint16(24));
  } else if (familyAndProtocol === 0x21) {
    if (addressBytes < 36) return PROXY_INVALID;
    setIpv6(remote, view.getUint32(16), view.getUint32(20), view.getUint32(24), view.getUint32(28));
    remote.port = view.getUint16(48);
  }
  return headerBytes;
}

function readTextHeader(bytes: Uint8Array, remote: RemoteAddress): number {
  const limit = Math.min(bytes.length, MAX_TEXT_HEADER_BYTES);
  let end = TEXT_START.length;
  while (end < limit && bytes[end] !== LF) end++;
  if (end === limit) return bytes.length >= MAX_TEXT_HEADER_BYTES ? PROXY_INVALID : PROXY_INCOMPLETE;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1').replace(/\r$/, '');
  const [, protocol, source, , sourcePort] = line.split(' ');
  if (protocol === 'UNKNOWN') return end + 1;
  if ((protocol !== 'TCP4' && protocol !== 'TCP6') || !/^\d{1,5}$/.test(sourcePort ?? '')) return PROXY_INVALID;
  const port = Number(sourcePort);
  if (port > 65_535) return PROXY_INVALID;
  try {
    const { family, words } = parseIp(source ?? '');
    if (family === 4) setIpv4(remote, words[0]!, port);
    else {
      setIpv6(remote, words[0]!, words[1]!, words[2]!, words[3]!);
      remote.port = port;
    }
  } catch {
    return PROXY_INVALID;
  }
  return end + 1;
}

function setIpv4(remote: RemoteAddress, word: number, port: number): void {
  remote.family = 4;
  remote.word0 = word;
  remote.word1 = 0;
  remote.word2 = 0;
  remote.word3 = 0;
  remote.port = port;
}

function setIpv6(remote: RemoteAddress, a: number, b: number, c: number, d: number): void {
  if (a === 0 && b === 0 && c === 0xffff) {
    setIpv4(remote, d, remote.port);
    return;
  }
  remote.family = 6;
  remote.word0 = a;
  remote.word1 = b;
  remote.word2 = c;
  remote.word3 = d;
}
