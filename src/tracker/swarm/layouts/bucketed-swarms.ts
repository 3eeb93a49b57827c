/** All bucketed swarms of a store, by number, with the operations that every kind of swarm has. */
import type { StandingKeys } from '../../../selection/standing-key.js';
import type { Arena } from '../memory/arena.js';
import { Endpoint } from '../memory/endpoint-key.js';
import { flagsOf, groupOf, levelOf, listOfFlags, setGroup, setLevelAndFlags } from '../memory/peer-record.js';
import { BucketedSwarm } from './bucketed-swarm.js';
import type { HostScan } from './host-scan.js';

export class BucketedSwarms {
  private readonly swarms: (BucketedSwarm | undefined)[] = [];
  private readonly freeNumbers: number[] = [];
  private readonly copied: Endpoint;

  constructor(
    private readonly arena: Arena,
    private readonly keys: StandingKeys,
    private readonly hasher: Endpoint,
  ) {
    this.copied = new Endpoint(hasher.keys);
  }

  /** An empty swarm, to be filled by {@link appendRecord}; then call {@link finishFilling}. */
  createSwarm(endpoint: Endpoint, expectedPeers: number): number {
    const number = this.freeNumbers.pop() ?? this.swarms.length;
    this.swarms[number] = new BucketedSwarm(this.arena, this.hasher, endpoint.addressWords, expectedPeers);
    return number;
  }

  swarmOf(number: number): BucketedSwarm {
    return this.swarms[number]!;
  }

  size(number: number): number {
    return this.swarmOf(number).count;
  }

  findPeer(number: number, endpoint: Endpoint): number {
    const swarm = this.swarmOf(number);
    const slot = swarm.findSlot(endpoint);
    return slot === 0 ? 0 : swarm.recordInSlot(slot);
  }

  scanHost(number: number, endpoint: Endpoint, scan: HostScan): void {
    this.swarmOf(number).scanHost(endpoint, scan);
  }

  /** The endpoint may be of another family. */
  findIdentity(number: number, endpoint: Endpoint): number {
    const swarm = this.swarmOf(number);
    const slot = swarm.findSlotOfIdentity(endpoint);
    return slot === 0 ? 0 : swarm.recordInSlot(slot);
  }

  setIdentity(number: number, endpoint: Endpoint): void {
    const swarm = this.swarmOf(number);
    swarm.setIdentityInSlot(swarm.findSlot(endpoint), endpoint);
  }

  insertPeer(number: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const swarm = this.swarmOf(number);
    const slot = swarm.allocateSlot(group, level, listOfFlags(flags), this.keys);
    const record = swarm.recordInSlot(slot);
    endpoint.writeTo(this.arena.words, record);
    setGroup(this.arena.words, record + endpoint.addressWords, group);
    setLevelAndFlags(this.arena.words, record + endpoint.addressWords, level, flags);
    if (!swarm.indexSlot(slot, endpoint)) {
      swarm.releaseSlot(slot);
      throw new RangeError('the swarm arena is full');
    }
    swarm.count++;
    return record;
  }

  /** Copies in a record of another kind of swarm. */
  appendRecord(number: number, source: number): void {
    const swarm = this.swarmOf(number);
    const words = this.arena.words;
    const meta = source + swarm.addressWords;
    const list = listOfFlags(flagsOf(words, meta));
    const slot = swarm.allocateSlot(groupOf(words, meta), levelOf(words, meta), list, this.keys);
    const record = swarm.recordInSlot(slot);
    for (let i = 0; i < swarm.stride; i++) words[record + i] = words[source + i]!;
    this.copied.setFromRecord(words, record, swarm.addressWords);
    if (!swarm.indexSlot(slot, this.copied)) throw new RangeError('the swarm arena is full');
    swarm.count++;
  }

  finishFilling(number: number): void {
    this.swarmOf(number).finishFilling(this.keys);
  }

  /** @returns the record, which moves if its kind changes */
  updateRank(number: number, record: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const words = this.arena.words;
    const meta = record + endpoint.addressWords;
    const list = listOfFlags(flags);
    const stays =
      groupOf(words, meta) === group && levelOf(words, meta) === level && listOfFlags(flagsOf(words, meta)) === list;
    setGroup(words, meta, group);
    setLevelAndFlags(words, meta, level, flags);
    if (stays) return record;
    const swarm = this.swarmOf(number);
    const from = swarm.findSlot(endpoint);
    const to = swarm.allocateSlot(group, level, list, this.keys);
    const moved = swarm.recordInSlot(to);
    for (let i = 0; i < swarm.stride; i++) words[moved + i] = words[record + i]!;
    swarm.moveIndexedSlot(from, to);
    swarm.releaseSlot(from);
    return swarm.recordInSlot(swarm.findSlot(endpoint));
  }

  removePeer(number: number, endpoint: Endpoint): void {
    const swarm = this.swarmOf(number);
    const slot = swarm.findSlot(endpoint);
    swarm.unindexSlot(slot);
    swarm.releaseSlot(slot);
    swarm.count--;
  }

  freeSwarm(number: number): void {
    this.swarmOf(number).freeSwarm();
    this.swarms[number] = undefined;
    this.freeNumbers.push(number);
  }
}
