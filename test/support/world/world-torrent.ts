/**
 * The torrent with a number of the world: real info dictionaries of version 1, 2 and both, always the same for a seed. Their
 * pieces are random bytes, because nobody downloads the content.
 */
import { createCipheriv, createHash } from 'node:crypto';
import bencode from 'bencode';

/** What the file is. `garbage` is not a torrent. */
export type TorrentShape = 'single' | 'files' | 'v2' | 'hybrid' | 'private' | 'garbage' | 'long-name' | 'odd-name';

export interface TorrentOf {
  readonly seed: number;
  readonly number: number;
  readonly shape: TorrentShape;
  readonly announce: string;
}

const PIECE_BYTES = 65_536;
const LONG_NAME_BYTES = 2_000_000;

/** Bytes that look random: the same for the same seed, number and purpose. */
export function worldBytes(seed: number, number: number, purpose: string, length: number): Buffer {
  const key = createHash('sha256').update(`${seed}/${number}/${purpose}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

export function torrentName({ number, shape }: Pick<TorrentOf, 'number' | 'shape'>): string {
  const plain = `torrent ${number}`;
  if (shape === 'long-name') return `${plain} ${'x'.repeat(LONG_NAME_BYTES)}`;
  // A right-to-left override, markup, control characters, a path that leaves its folder.
  if (shape === 'odd-name') return `../..//${plain} \u202Egpj.exe <script>alert(1)</script> \u001b[2J\u0000`;
  return plain;
}

export function torrentFile(of: TorrentOf): Uint8Array {
  if (of.shape === 'garbage') return garbage(of);
  const info = infoOf(of);
  return new Uint8Array(bencode.encode({ announce: of.announce, 'created by': 'the local world', info }));
}

/** 40 hex digits as the catalogue has them: SHA-1, or of version 2 alone the first half of SHA-256 (BEP 52). */
export function torrentHash(of: TorrentOf): string {
  const info = bencode.encode(infoOf(of));
  const algorithm = of.shape === 'v2' ? 'sha256' : 'sha1';
  return createHash(algorithm).update(info).digest('hex').slice(0, 40);
}

function infoOf(of: TorrentOf): Record<string, unknown> {
  const { seed, number, shape } = of;
  const name = torrentName(of);
  const pieces = 1 + (worldBytes(seed, number, 'size', 2).readUInt16LE(0) % 120);
  const v1 = { name, 'piece length': PIECE_BYTES, pieces: worldBytes(seed, number, 'pieces', pieces * 20) };
  switch (shape) {
    case 'files':
    case 'odd-name': {
      const strange = shape === 'odd-name' ? ['..', '..', 'etc', 'passwd'] : ['part', 'b.bin'];
      const first = Math.floor((pieces * PIECE_BYTES) / 3);
      const files = [
        { length: first, path: ['part', 'a.bin'] },
        { length: pieces * PIECE_BYTES - first, path: strange },
      ];
      return { ...v1, files };
    }
    case 'v2':
    case 'hybrid': {
      // One file of one piece: its root needs no piece layers.
      const length = PIECE_BYTES - (number % 1_000);
      const root = { '': { length, 'pieces root': worldBytes(seed, number, 'root', 32) } };
      const v2 = { 'file tree': { [name]: root }, 'meta version': 2, name, 'piece length': PIECE_BYTES };
      return shape === 'v2' ? v2 : { ...v2, length, pieces: worldBytes(seed, number, 'pieces', 20) };
    }
    case 'private':
      return { ...v1, length: pieces * PIECE_BYTES, private: 1 };
    default:
      return { ...v1, length: pieces * PIECE_BYTES };
  }
}

/** One of several things that sites send instead of a torrent. */
function garbage(of: TorrentOf): Uint8Array {
  const whole = torrentFile({ ...of, shape: 'single' });
  const kinds: readonly (() => Uint8Array)[] = [
    () => Buffer.from('<!doctype html><title>Log in</title><form action="/login"></form>'),
    () => whole.subarray(0, whole.length - 30),
    () => worldBytes(of.seed, of.number, 'garbage', 5_000),
    () => Buffer.alloc(0),
    () => Buffer.from('l'.repeat(1_000_000)),
    () => Buffer.from('d4:infod6:lengthi-1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee'),
    () => Buffer.from('d4:info99999999999:x'),
  ];
  return kinds[of.number % kinds.length]!();
}
