/** Magnet links (BEP 9, 52): reading, rewriting, and making one of what was read. */
import parseTorrent from 'parse-torrent';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { magnetFor, parseMagnet, rewriteMagnet } from '../../../src/wire/metainfo-magnet.js';
import { attempt, BrokenRule, bytesOf, type FuzzTarget, holds, pick, sometimes, textOf } from '../fuzz-target.js';

const OURS = 'udp://alias.example.net:6969/announce';
const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const BASE32 = 'YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK';
const V2 = `1220${'ab'.repeat(32)}`;

export const magnet: FuzzTarget = {
  name: 'magnet',
  about: 'magnet links: the info-hash and all but the trackers stay through a rewrite, or a clear error',
  words: [
    'xt=urn:btih:',
    'xt.1=urn:btmh:',
    '&tr=',
    '&tr.1=',
    '&dn=',
    '&xl=',
    '%',
    '%00',
    '+',
    'magnet:?',
    HEX,
    BASE32,
    V2,
  ],
  maxInputBytes: 25_000,
  create: () => ({ make: makeMagnet, run: runMagnet }),
};

function makeMagnet(random: Random): Uint8Array {
  const topics = [`xt=urn:btih:${HEX}`, `xt=urn:btih:${BASE32.toLowerCase()}`, `xt.1=urn:btmh:${V2}`, 'xt=urn:ed2k:1'];
  const rest = [
    'dn=a%20name',
    'xl=12345',
    'tr=udp%3A%2F%2Ft.example%3A1',
    'tr.2=http://u.example/a',
    'ws=http://w/',
    'so=0-2',
    'dn=%E4',
  ];
  const parts = Array.from({ length: 1 + random.below(5) }, () => pick(random, sometimes(random, 3) ? topics : rest));
  return bytesOf(`${pick(random, ['magnet:?', 'MAGNET:?'])}${[pick(random, topics), ...parts].join('&')}`);
}

async function runMagnet(input: Uint8Array): Promise<string> {
  const text = textOf(input);
  const read = attempt(() => parseMagnet(text), ClientError);
  const options = { announceUrls: [OURS], keepOriginal: true };
  const rewritten = attempt(() => rewriteMagnet(text, options), ClientError);
  holds((read.refused === undefined) === (rewritten.refused === undefined), 'what is read can be rewritten');
  if (read.refused !== undefined || rewritten.refused !== undefined) return 'refused';
  const before = read.value;
  const link = rewritten.value;
  const again = attempt(() => parseMagnet(link), ClientError);
  if (again.refused !== undefined) {
    // Our own tracker may make a link too long that was just short enough.
    if (link.length > text.length && text.length > 15_000) return 'too long when rewritten';
    throw new BrokenRule('what was rewritten can be read', `${again.refused.message}: ${link}`);
  }
  const after = again.value;
  const { infoHash, name, totalBytes } = before;
  const same = { ...before, trackers: after.trackers };
  holds(JSON.stringify(after) === JSON.stringify(same), 'a rewrite changes nothing but the trackers', () => link);
  holds(after.trackers[0] === OURS, 'the alias tracker is the first');
  checkMade(infoHash, name, totalBytes);
  await checkAgainstOther(text, infoHash);
  return 'read';
}

function checkMade(
  infoHash: ReturnType<typeof parseMagnet>['infoHash'],
  name: string | undefined,
  totalBytes: number | undefined,
): void {
  // A name with half a surrogate pair has no UTF-8.
  const spelled = name === undefined ? infoHash : Buffer.from(name).toString();
  const made = magnetFor({ infoHash, name: spelled, totalBytes, announceUrls: [OURS] });
  const read = attempt(() => parseMagnet(made), ClientError);
  if (read.refused !== undefined) {
    holds(made.length > 15_000, 'a link that was made can be read', () => made.slice(0, 300));
    return;
  }
  holds(
    read.value.infoHash === infoHash && read.value.name === spelled,
    'a link that was made says what went in',
    () => made,
  );
}

async function checkAgainstOther(text: string, infoHash: string): Promise<void> {
  if (!/^magnet:\?xt=urn:btih:[0-9a-f]{40}(&(dn|tr|xl)=[\w.:/%]*)*$/i.test(text)) return;
  const theirs = await parseTorrent(text.replace(/^magnet/i, 'magnet')).catch(() => undefined);
  holds(theirs === undefined || theirs.infoHash === infoHash, 'parse-torrent finds the same info-hash', () => text);
}
