/** `struct sockaddr_in` and `sockaddr_in6` ↔ the project's addresses. An IPv4-mapped address becomes IPv4. */
import { formatIp, type IpAddress, ipv4FromWord, ipv6FromWords } from '../../domain/ip-address.js';
import type { RemoteAddress } from '../transport.js';
import {
  AF_INET,
  AF_INET6,
  SIN_ADDR,
  SIN_PORT,
  SIN6_ADDR,
  SOCKADDR_IN_BYTES,
  SOCKADDR_IN6_BYTES,
} from './linux-abi.js';
import type { NativeMemory } from './native-memory.js';

/** Fills `remote` from the address at `offset`. @returns false for any other family than IPv4 and IPv6 */
export function readSocketAddress(memory: NativeMemory, offset: number, remote: RemoteAddress): boolean {
  const view = memory.view;
  const family = view.getUint16(offset, true);
  remote.port = view.getUint16(offset + SIN_PORT, false);
  if (family === AF_INET) {
    setIpv4(remote, view.getUint32(offset + SIN_ADDR, false));
    return true;
  }
  if (family !== AF_INET6) return false;
  const at = offset + SIN6_ADDR;
  const word0 = view.getUint32(at, false);
  const word1 = view.getUint32(at + 4, false);
  const word2 = view.getUint32(at + 8, false);
  const word3 = view.getUint32(at + 12, false);
  if (word0 === 0 && word1 === 0 && word2 === 0xffff) {
    setIpv4(remote, word3);
    return true;
  }
  remote.family = 6;
  remote.word0 = word0;
  remote.word1 = word1;
  remote.word2 = word2;
  remote.word3 = word3;
  return true;
}

function setIpv4(remote: RemoteAddress, word: number): void {
  remote.family = 4;
  remote.word0 = word;
  remote.word1 = 0;
  remote.word2 = 0;
  remote.word3 = 0;
}

/** @returns the length of the structure */
export function writeSocketAddress(memory: NativeMemory, offset: number, address: IpAddress, port: number): number {
  const view = memory.view;
  memory.bytes.fill(0, offset, offset + SOCKADDR_IN6_BYTES);
  view.setUint16(offset, address.family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(offset + SIN_PORT, port, false);
  const at = offset + (address.family === 4 ? SIN_ADDR : SIN6_ADDR);
  address.words.forEach((word, i) => {
    view.setUint32(at + 4 * i, word, false);
  });
  return address.family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
}

/** Formats an address that was read. */
export function formatRemoteHost(remote: RemoteAddress): string {
  return formatIp(
    remote.family === 4
      ? ipv4FromWord(remote.word0)
      : ipv6FromWords(remote.word0, remote.word1, remote.word2, remote.word3),
  );
}
