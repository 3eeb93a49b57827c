/** PROXY protocol headers, version 1 and 2, whole and in pieces. */
import type { Random } from '../../../src/domain/random.js';
import {
  MAX_PROXY_HEADER_BYTES,
  PROXY_INCOMPLETE,
  PROXY_INVALID,
  readProxyHeader,
} from '../../../src/transport/proxy-protocol.js';
import { RemoteAddress } from '../../../src/transport/transport.js';
import { bytesOf, type FuzzTarget, holds, pick, randomBytes, sometimes } from '../fuzz-target.js';

const SIGNATURE = new Uint8Array([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
/** Address blocks of version 2: family and protocol → bytes. */
const BLOCKS: readonly (readonly [number, number])[] = [
  [0x11, 12],
  [0x21, 36],
  [0x12, 12],
  [0x31, 216],
  [0x00, 0],
];

export const proxyHeader: FuzzTarget = {
  name: 'proxy-header',
  about:
    'PROXY protocol v1 and v2: the same result however the bytes are cut; a refused header leaves no address behind',
  words: ['PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN', '\r\n', '::ffff:1.2.3.4', ' 65535 ', SIGNATURE],
  maxInputBytes: 2 * MAX_PROXY_HEADER_BYTES,
  create: () => ({ make: makeHeader, run: runHeader }),
};

function makeHeader(random: Random): Uint8Array {
  if (sometimes(random, 2)) {
    const [protocol, a, b] = pick(random, [
      ['TCP4', '192.0.2.1', '192.0.2.2'],
      ['TCP6', '2001:db8::1', '2001:db8::2'],
      ['TCP6', '::ffff:192.0.2.1', '::1'],
      ['UNKNOWN', 'x', 'y'],
    ] as const);
    return bytesOf(`PROXY ${protocol} ${a} ${b} ${random.below(70_000)} 80\r\nGET /announce HTTP/1.1\r\n`, 'latin1');
  }
  const [family, length] = pick(random, BLOCKS);
  const extra = random.below(30);
  const head = Buffer.of(pick(random, [0x20, 0x21]), family, (length + extra) >>> 8, (length + extra) & 255);
  return new Uint8Array(Buffer.concat([SIGNATURE, head, randomBytes(random, length + extra + random.below(9))]));
}

function runHeader(input: Uint8Array): string {
  const whole = read(input);
  holds(whole.length >= PROXY_INVALID && whole.length <= input.length, 'a header is not longer than the input');
  holds(whole.length <= MAX_PROXY_HEADER_BYTES, 'a header is not longer than the limit');
  for (let end = 0; end < Math.min(input.length, MAX_PROXY_HEADER_BYTES + 1); end += end < 120 ? 1 : 37) {
    const { length } = read(input.subarray(0, end));
    if (whole.length > 0 && end < whole.length) {
      holds(length === PROXY_INCOMPLETE, 'a part of a good header waits for the rest', () => `at ${end}: ${length}`);
    }
    if (length === PROXY_INVALID) holds(whole.length === PROXY_INVALID, 'what is refused early is refused whole');
  }
  const { remote } = whole;
  const untouched = JSON.stringify(remote) === JSON.stringify(new RemoteAddress());
  if (whole.length <= 0) {
    holds(untouched, 'a header that is not good leaves no address behind');
    return whole.length === PROXY_INVALID ? 'refused' : 'incomplete';
  }
  holds(Number.isInteger(remote.port) && remote.port >= 0 && remote.port <= 65_535, 'the port is one');
  for (const word of [remote.word0, remote.word1, remote.word2, remote.word3]) {
    holds(word === word >>> 0, 'address words are unsigned');
  }
  const isMapped = remote.family === 6 && remote.word0 === 0 && remote.word1 === 0 && remote.word2 === 0xffff;
  holds(!isMapped, 'a mapped address is IPv4');
  const again = read(input.subarray(0, whole.length));
  holds(JSON.stringify(again) === JSON.stringify(whole), 'what follows a header does not change it');
  return untouched ? 'no address' : `IPv${remote.family}`;
}

function read(bytes: Uint8Array): { length: number; remote: RemoteAddress } {
  const remote = new RemoteAddress();
  return { length: readProxyHeader(bytes, remote), remote };
}
