/** The swarms of a stopped tracker, read from its snapshots as text that can be compared: without times and identities. */
import { readFile } from 'node:fs/promises';
import {
  addressWordsOf,
  downloadedOf,
  flagsOf,
  groupOf,
  isDualStack,
  levelOf,
  portOf,
  uploadedOf,
} from '../../src/tracker/swarm/memory/peer-record.js';
import { isOriginFrame } from '../../src/tracker/swarm/snapshot/origin-frame.js';
import { decodeSnapshot } from '../../src/tracker/swarm/snapshot/snapshot-codec.js';
import { metaWordsOf } from '../../src/tracker/swarm/snapshot/swarm-transfer.js';
import { ownsWord } from '../../src/tracker/workers/owner.js';
import { snapshotFilesOf } from '../../src/tracker/workers/snapshot-files.js';

const HASH_WORDS = 5;
const HEADER_WORDS = 9;
const SHOWN_DIFFERENCES = 10;

/** By info-hash: its counts, and a line for each peer, sorted. */
export type SwarmRecords = ReadonlyMap<string, readonly string[]>;

/**
 * @param file of a single worker
 * @throws Error if a worker's file holds a swarm of another one
 */
export async function readSwarmRecords(file: string, workers: number): Promise<SwarmRecords> {
  const swarms = new Map<string, string[]>();
  for (const [index, path] of snapshotFilesOf(file, workers).entries()) {
    const { version, frames } = decodeSnapshot(new Uint8Array(await readFile(path)));
    for (const frame of frames()) {
      if (!isOriginFrame(frame)) readFrame(frame, metaWordsOf(version), { index, count: workers }, swarms);
    }
  }
  for (const lines of swarms.values()) lines.sort();
  return swarms;
}

function readFrame(
  frame: Uint32Array,
  metaWords: number,
  share: { readonly index: number; readonly count: number },
  swarms: Map<string, string[]>,
): void {
  for (let at = 0; at < frame.length; ) {
    const infoHash = hexOf(frame, at, HASH_WORDS);
    if (!ownsWord(share, frame[at]!)) throw new Error(`worker ${share.index} of ${share.count} saved ${infoHash}`);
    const head = `completed ${frame[at + 5]}, inner and kept ${frame[at + 6]}`;
    const lines = swarms.get(infoHash) ?? [head];
    // A large swarm has its head in each of its frames.
    if (lines[0] !== head) throw new Error(`the frames of ${infoHash} differ: ${lines[0]} and ${head}`);
    swarms.set(infoHash, lines);
    let record = at + HEADER_WORDS;
    for (const [family, peers] of [[4, frame[at + 7]!] as const, [6, frame[at + 8]!] as const]) {
      for (let i = 0; i < peers; i++) {
        const addressWords = addressWordsOf(family);
        lines.push(describe(frame, record, addressWords));
        record += addressWords + metaWords;
      }
    }
    at = record;
  }
}

function describe(frame: Uint32Array, record: number, addressWords: 1 | 4): string {
  const meta = record + addressWords;
  return [
    `IPv${addressWords === 1 ? 4 : 6} ${hexOf(frame, record, addressWords)} port ${portOf(frame, meta)}`,
    `group ${groupOf(frame, meta)} flags ${flagsOf(frame, meta)} level ${levelOf(frame, meta)}`,
    `uploaded ${uploadedOf(frame, meta)} downloaded ${downloadedOf(frame, meta)} dual ${isDualStack(frame, meta)}`,
  ].join(' ');
}

function hexOf(words: Uint32Array, from: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += words[from + i]!.toString(16).padStart(8, '0');
  return text;
}

export function countPeers(swarms: SwarmRecords): number {
  let peers = 0;
  for (const lines of swarms.values()) peers += lines.length - 1;
  return peers;
}

/** @returns a line for each of the first records that are in one of the two only; empty: both are the same */
export function differencesOf(one: SwarmRecords, other: SwarmRecords): string[] {
  const found: string[] = [];
  for (const infoHash of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(infoHash) ?? [], other.get(infoHash) ?? []];
    if (a.length === b.length && a.every((line, i) => line === b[i])) continue;
    found.push(
      ...without(a, b).map((line) => `- ${infoHash} ${line}`),
      ...without(b, a).map((line) => `+ ${infoHash} ${line}`),
    );
    if (found.length >= SHOWN_DIFFERENCES) break;
  }
  return found;
}

/** The lines of `all` that are not in `others`, each as often as it is missing there. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
