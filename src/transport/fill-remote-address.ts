/** Fills a {@link RemoteAddress} from the text that Node's sockets report; an IPv4-mapped IPv6 address becomes IPv4. */
import { parseIp } from '../domain/ip-address.js';
import type { RemoteAddress } from './transport.js';

const DOT = 0x2e;
const COLON = 0x3a;

/** Expects only what a kernel prints. @returns the word, or −1 if the text is not a dotted quad */
function ipv4Word(text: string, start: number): number {
  let word = 0;
  let part = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      word = word * 256 + part;
      part = 0;
    } else if (code === COLON) {
      return -1;
    } else {
      part = part * 10 + code - 0x30;
    }
  }
  return (word * 256 + part) >>> 0;
}

/** @param text an address as the kernel prints it; a zone (`%eth0`) is dropped */
export function fillRemoteAddress(remote: RemoteAddress, text: string, port: number): void {
  remote.port = port;
  const mapped = text.startsWith('::ffff:') ? ipv4Word(text, 7) : -1;
  const word = mapped >= 0 ? mapped : text.includes(':') ? -1 : ipv4Word(text, 0);
  if (word >= 0) {
    remote.family = 4;
    remote.word0 = word;
    remote.word1 = 0;
    remote.word2 = 0;
    remote.word3 = 0;
    return;
  }
  const zone = text.indexOf('%');
  const address = parseIp(zone < 0 ? text : text.slice(0, zone));
  remote.family = address.family;
  remote.word0 = address.words[0]!;
  remote.word1 = address.words[1] ?? 0;
  remote.word2 = address.words[2] ?? 0;
  remote.word3 = address.words[3] ?? 0;
}
