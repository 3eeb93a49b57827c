/** Torrent files (BEP 3, 12, 27, 52): reading and rewriting, held against the packages bencode and parse-torrent. */
import { createHash } from 'node:crypto';
import bencode from 'bencode';
import parseTorrent from 'parse-torrent';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { type Metainfo, parseMetainfo } from '../../../src/wire/metainfo.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { hybridTorrent, torrentWith, v2Torrent } from '../../support/torrents.js';
import { attempt, BrokenRule, type FuzzTarget, holds, pick, randomBytes, sometimes } from '../fuzz-target.js';

const OURS = 'udp://alias.example.net:6969/announce';
const OPTIONS = { announceUrls: [OURS, 'http://alias.example.net/announce'], keepOriginal: true };

export const metainfo: FuzzTarget = {
  name: 'metainfo',
  about: 'torrent files: read, and rewritten with the info bytes unchanged, or a clear error',
  words: [
    '4:info',
    '4:name',
    '6:lengthi',
    '5:filesl',
    '6:pieces20:',
    '7:privatei1e',
    '8:announce',
    '13:announce-listl',
    'd',
    'l',
    'e',
    'i-0e',
    '0:',
  ],
  create: () => ({ make: makeTorrent, run: runTorrent }),
};

export function makeTorrent(random: Random): Uint8Array {
  const url = (): string =>
    pick(random, ['http://a.example/announce', 'udp://b.example:1/announce', 'wss://c.example', '', 'x y']);
  const list = Array.from({ length: random.below(4) }, () => Array.from({ length: random.below(3) }, url));
  const top: Record<string, unknown> = {
    ...(sometimes(random, 4) ? {} : { announce: url() }),
    ...(sometimes(random, 2) ? { 'announce-list': list } : {}),
    ...(sometimes(random, 3) ? { comment: 'c'.repeat(random.below(40)), 'creation date': random.nextUint32() } : {}),
    ...(sometimes(random, 6) ? { nodes: [['a.example', 6881]], zz: randomBytes(random, 9) } : {}),
  };
  switch (random.below(5)) {
    case 0:
      return v2Torrent();
    case 1:
      return hybridTorrent();
    case 2:
      return multipleFiles(random, top);
    default:
      return torrentWith(top, {
        ...(sometimes(random, 5) ? { private: random.below(3) } : {}),
        ...(sometimes(random, 5) ? { 'name.utf-8': 'näme', source: 'S' } : {}),
      });
  }
}

function multipleFiles(random: Random, top: Record<string, unknown>): Uint8Array {
  const files = Array.from({ length: 1 + random.below(4) }, (_, i) => ({
    length: random.below(20_000),
    path: ['d', `f${i}`],
    ...(sometimes(random, 4) ? { attr: 'p' } : {}),
  }));
  const total = files.reduce((sum, file) => sum + file.length, 0);
  const pieces = Buffer.alloc(Math.ceil(total / 16_384) * 20, 7);
  return new Uint8Array(bencode.encode({ ...top, info: { files, name: 'many', 'piece length': 16_384, pieces } }));
}

async function runTorrent(input: Uint8Array): Promise<string> {
  const read = attempt(() => parseMetainfo(input), ClientError);
  const rewritten = attempt(() => rewriteTorrent(input, OPTIONS), ClientError);
  if (read.refused !== undefined) {
    holds(rewritten.refused !== undefined, 'what is not read is not rewritten');
    return 'refused';
  }
  const metainfo = read.value;
  checkContent(input, metainfo);
  await checkAgainstOthers(input, metainfo);
  if (rewritten.refused !== undefined) {
    holds(metainfo.private, 'only private torrents are read and not rewritten', () => rewritten.refused.message);
    return 'private';
  }
  holds(!metainfo.private, 'private torrents are not rewritten');
  checkRewritten(input, metainfo, rewritten.value);
  return metainfo.version;
}

function checkContent(input: Uint8Array, { infoSpan, infoHash, version, files, totalBytes }: Metainfo): void {
  const info = input.subarray(infoSpan.start, infoSpan.end);
  const algorithm = version === 'v2' ? 'sha256' : 'sha1';
  const digest = createHash(algorithm).update(info).digest('hex').slice(0, 40);
  holds(digest === infoHash, 'the info-hash is that of the bytes of info');
  holds(files.reduce((sum, file) => sum + file.bytes, 0) === totalBytes, 'the sizes add up');
}

/** Where both packages can encode info again to the same bytes, parse-torrent finds the same info-hash. */
async function checkAgainstOthers(input: Uint8Array, { infoSpan, infoHash, version }: Metainfo): Promise<void> {
  if (version === 'v2') return;
  const info = Buffer.from(input.subarray(infoSpan.start, infoSpan.end));
  let theirs: string;
  try {
    if (!Buffer.from(bencode.encode(bencode.decode(info))).equals(info)) return;
    theirs = (await parseTorrent(input)).infoHash;
  } catch {
    return; // It asks for more than BEP 3 does, and fails in its own ways.
  }
  holds(theirs === infoHash, 'parse-torrent finds the same info-hash');
}

function checkRewritten(input: Uint8Array, before: Metainfo, output: Uint8Array): void {
  const again = attempt(() => parseMetainfo(output), ClientError);
  if (again.refused !== undefined) throw new BrokenRule('what was rewritten can be read', again.refused.message);
  const after = again.value;
  const infoOf = (bytes: Uint8Array, { infoSpan }: Metainfo): Buffer =>
    Buffer.from(bytes.subarray(infoSpan.start, infoSpan.end));
  holds(infoOf(output, after).equals(infoOf(input, before)), 'the bytes of info are unchanged');
  holds(after.infoHash === before.infoHash, 'the info-hash is unchanged');
  holds(after.trackerTiers[0]?.[0] === OURS, 'the alias tracker is the first');
  const keys = after.entries.map((entry) => entry.key);
  holds(
    keys.every((key, i) => i === 0 || keys[i - 1]! < key),
    'keys are sorted (BEP 3)',
  );
  for (const { key, value } of before.entries) {
    if (key === 'announce' || key === 'announce-list') continue;
    const kept = after.entries.find((entry) => entry.key === key);
    holds(
      kept !== undefined && textAt(output, kept.value) === textAt(input, value),
      'every other key keeps its bytes',
      () => key,
    );
  }
  holds(
    Buffer.from(rewriteTorrent(output, OPTIONS)).equals(Buffer.from(output)),
    'rewriting twice changes nothing more',
  );
}

function textAt(bytes: Uint8Array, { start, end }: { start: number; end: number }): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}
