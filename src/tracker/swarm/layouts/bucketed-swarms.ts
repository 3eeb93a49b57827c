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

  /** An empty swarm, to be filled by {@link append}; then call {@link finish}. */
  create(endpoint: Endpoint, expectedPeers: number): number {
    const number = this.freeNumbers.pop() ?? this.swarms.length;
    this.swarms[number] = new BucketedSwarm(this.arena, this.hasher, endpoint.addressWords, expectedPeers);
    return number;
  }

  get(number: number): BucketedSwarm {
    return this.swarms[number]!;
  }

  size(number: number): number {
    return this.get(number).count;
  }

  find(number: number, endpoint: Endpoint): number {
    const swarm = this.get(number);
    const place = swarm.find(endpoint);
    return place === 0 ? 0 : swarm.recordOf(place);
  }

  scanHost(number: number, endpoint: Endpoint, scan: HostScan): void {
    this.get(number).scanHost(endpoint, scan);
  }

  /** The endpoint may be of another family. */
  findIdentity(number: number, endpoint: Endpoint): number {
    const swarm = this.get(number);
    const place = swarm.findIdentity(endpoint);
    return place === 0 ? 0 : swarm.recordOf(place);
  }

  setIdentity(number: number, endpoint: Endpoint): void {
    const swarm = this.get(number);
    swarm.setIdentity(swarm.find(endpoint), endpoint);
  }

  insert(number: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const swarm = this.get(number);
    const place = swarm.take(group, level, listOfFlags(flags), this.keys);
    const record = swarm.recordOf(place);
    endpoint.writeTo(this.arena.words, record);
    setGroup(this.arena.words, record + endpoint.addressWords, group);
    setLevelAndFlags(this.arena.words, record + endpoint.addressWords, level, flags);
    if (!swarm.indexPlace(place, endpoint)) {
      swarm.give(place);
      throw new RangeError('the swarm arena is full');
    }
    swarm.count++;
    return record;
  }

  /** Copies in a record of another kind of swarm. */
  append(number: number, source: number): void {
    const swarm = this.get(number);
    const words = this.arena.words;
    const meta = source + swarm.addressWords;
    const list = listOfFlags(flagsOf(words, meta));
    const place = swarm.take(groupOf(words, meta), levelOf(words, meta), list, this.keys);
    const record = swarm.recordOf(place);
    for (let i = 0; i < swarm.stride; i++) words[record + i] = words[source + i]!;
    this.copied.setFromRecord(words, record, swarm.addressWords);
    if (!swarm.indexPlace(place, this.copied)) throw new RangeError('the swarm arena is full');
    swarm.count++;
  }

  finish(number: number): void {
    this.get(number).finish(this.keys);
  }

  /** @returns the record, which moves where its kind changes */
  relist(number: number, record: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const words = this.arena.words;
    const meta = record + endpoint.addressWords;
    const list = listOfFlags(flags);
    const stays =
      groupOf(words, meta) === group && levelOf(words, meta) === level && listOfFlags(flagsOf(words, meta)) === list;
    setGroup(words, meta, group);
    setLevelAndFlags(words, meta, level, flags);
    if (stays) return record;
    const swarm = this.get(number);
    const from = swarm.find(endpoint);
    const to = swarm.take(group, level, list, this.keys);
    const moved = swarm.recordOf(to);
    for (let i = 0; i < swarm.stride; i++) words[moved + i] = words[record + i]!;
    swarm.movePlace(from, to);
    swarm.give(from);
    return swarm.recordOf(swarm.find(endpoint));
  }

  remove(number: number, endpoint: Endpoint): void {
    const swarm = this.get(number);
    const place = swarm.find(endpoint);
    swarm.unindexPlace(place);
    swarm.give(place);
    swarm.count--;
  }

  free(number: number): void {
    this.get(number).free();
    this.swarms[number] = undefined;
    this.freeNumbers.push(number);
  }
}
