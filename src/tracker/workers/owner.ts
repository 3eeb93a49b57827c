/**
 * Which worker owns a swarm: the first word of its info-hash modulo the number of workers. The kernel computes the same for
 * datagrams, so the rule must stay as simple as this.
 */
import { INFO_HASH_BYTES } from '../../domain/info-hash.js';
import { readUint32 } from '../../wire/byte-order.js';

/** One of the data plane's workers. */
export interface WorkerShare {
  /** From 0. */
  readonly index: number;
  /** How many workers there are. */
  readonly count: number;
}

export const ONLY_WORKER: WorkerShare = { index: 0, count: 1 };

/** @returns the index of the worker that owns the swarm of this info-hash */
export function ownerOf(infoHash: Uint8Array, offset: number, count: number): number {
  return readUint32(infoHash, offset) % count;
}

/** @param word the first of the info-hash, unsigned */
export function ownsWord({ index, count }: WorkerShare, word: number): boolean {
  return count === 1 || word % count === index;
}

export function owns(share: WorkerShare, infoHash: Uint8Array, offset: number): boolean {
  return ownsWord(share, readUint32(infoHash, offset));
}

export const SEVERAL_OWNERS = -1;

/** @returns the index of the worker that owns all `count` swarms whose info-hashes are concatenated, or {@link SEVERAL_OWNERS} */
export function ownerOfAll(infoHashes: Uint8Array, offset: number, count: number, workers: number): number {
  const owner = ownerOf(infoHashes, offset, workers);
  for (let i = 1; i < count; i++) {
    if (ownerOf(infoHashes, offset + INFO_HASH_BYTES * i, workers) !== owner) return SEVERAL_OWNERS;
  }
  return owner;
}
