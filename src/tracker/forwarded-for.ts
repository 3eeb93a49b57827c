/**
 * Finds the client of a request behind reverse proxies. Reads `X-Forwarded-For` from the right, past the operator's own
 * proxies, to the first hop that is not one of them. Strangers may have written everything further left, so it is ignored.
 */
import { parseIp } from '../domain/ip-address.js';
import type { NetworkSet } from '../domain/network-set.js';
import type { RemoteAddress } from '../transport/transport.js';
import type { HttpRequestHead } from '../wire/http-request-head.js';
import { MAX_ADDRESS_TEXT_BYTES } from './limits.js';

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Fills `client` with an address in text, as `ip=` and proxies write it: bare, `[v6]`, `v4:port` or `[v6]:port`.
 * @returns false if it is not a literal address; names are never resolved
 */
export function readAddressText(text: string, client: RemoteAddress): boolean {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  try {
    const { family, words } = parseIp(bare);
    client.family = family;
    client.word0 = words[0]!;
    client.word1 = words[1] ?? 0;
    client.word2 = words[2] ?? 0;
    client.word3 = words[3] ?? 0;
    return true;
  } catch {
    return false;
  }
}

/**
 * @param client holds the address of the connection; is overwritten with the client's
 * @returns false where a hop that should tell the client is not readable: the request cannot be placed
 */
export function applyForwardedFor(
  bytes: Uint8Array,
  head: HttpRequestHead,
  proxies: NetworkSet,
  client: RemoteAddress,
): boolean {
  for (let line = head.forwardedForLines - 1; line >= 0; line--) {
    const start = head.forwardedForStart[line]!;
    let end = head.forwardedForEnd[line]!;
    while (end > start) {
      let hopStart = end;
      while (hopStart > start && bytes[hopStart - 1] !== COMMA) hopStart--;
      const hop = hopText(bytes, hopStart, end);
      end = hopStart - 1;
      // RFC 9110 section 5.6.1: empty elements of a list are skipped.
      if (hop === '') continue;
      if (!proxies.has(client.family, client.word0, client.word1, client.word2, client.word3)) return true;
      if (hop === null || !readAddressText(hop, client)) return false;
    }
  }
  return true;
}

/** @returns the hop without the blanks around it; null if it is longer than any address */
function hopText(bytes: Uint8Array, from: number, to: number): string | null {
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start]!)) start++;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  // It may have brackets and a port.
  if (end - start > MAX_ADDRESS_TEXT_BYTES + 8) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
