/**
 * Reported capability as levels (draft section 4.3.2). The available uplink counts as far as CPU and memory allow the node
 * to use it:
 *
 *     usableBps = availableUplinkBps × (1 − cpuUtilisation) × (1 − memoryUtilisation)
 *     level     = ⌊log2(usableBps / 1 Mb/s)⌋ + 1, within 0 … 7
 *
 * so level 0 is less than 1 Mb/s, 4 (neutral) is 8 to 16 Mb/s, 7 is 64 Mb/s and more.
 */
import { parseIp } from '../domain/ip-address.js';
import { AddressLevelsWriter, NOT_REPORTED, REPORTED_CACHE, REPORTED_MANAGED, REPORTED_OUT } from './address-levels.js';
import { CAPABILITY_LEVELS, NEUTRAL_CAPABILITY_LEVEL, type ReportedCapability } from './cost-table.js';

export interface CapabilityReading {
  /** 0 … 1; absent: 0. */
  readonly cpuUtilisation?: number | undefined;
  /** 0 … 1; absent: 0. */
  readonly memoryUtilisation?: number | undefined;
  /** Bits per second; absent: the uplink of a neutral node. */
  readonly availableUplinkBps?: number | undefined;
  readonly role?: 'cache' | 'peer' | undefined;
}

/** Whether a cache that has a controller is handed out. */
export type CacheStanding = 'serves' | 'out';

const FIRST_LEVEL_BPS = 1e6;
const NEUTRAL_UPLINK_BPS = FIRST_LEVEL_BPS * 2 ** (NEUTRAL_CAPABILITY_LEVEL - 0.5);

/** What a node can upload, in bits per second; undefined if it has not reported its uplink. */
export function usableUplinkBps({
  availableUplinkBps,
  cpuUtilisation = 0,
  memoryUtilisation = 0,
}: CapabilityReading): number | undefined {
  return availableUplinkBps && availableUplinkBps * (1 - cpuUtilisation) * (1 - memoryUtilisation);
}

export function capabilityLevel(reading: CapabilityReading): number {
  const usableBps = usableUplinkBps({ availableUplinkBps: NEUTRAL_UPLINK_BPS, ...reading }) ?? 0;
  if (!(usableBps >= FIRST_LEVEL_BPS)) return 0;
  return Math.min(CAPABILITY_LEVELS - 1, Math.floor(Math.log2(usableBps / FIRST_LEVEL_BPS)) + 1);
}

/**
 * The levels of all addresses, as long as the tracker runs. A report writes its changes into the table that the data plane
 * reads, and lists them, so that a report costs time for its changes only, not for all known addresses.
 */
export class CapabilityTable {
  private readonly writer: AddressLevelsWriter;
  private caches: ReadonlySet<string> = new Set();
  private standings: ReadonlyMap<string, CacheStanding> = new Map();
  private changes: number[] = [];

  /** @param version differs from that of every other table. @param expected how many addresses fit from the beginning */
  constructor(version: number, expected = 0) {
    this.writer = new AddressLevelsWriter(version, expected);
  }

  get current(): ReportedCapability {
    return this.writer.current;
  }

  /** @param address text as `formatIp` writes it. @param reading the valid one, undefined if there is none */
  set(address: string, reading: CapabilityReading | undefined): void {
    const { family, words } = parseIp(address);
    if (!this.writer.set(family, words, this.valueOf(address, reading))) return;
    const [a = 0, b = 0, c = 0, d = 0] = words;
    this.changes.push(family, a, b, c, d);
  }

  /** Sets the addresses of the operator's caches. They have the best level until they report another. @param readingOf see {@link set} */
  setCaches(caches: Iterable<string>, readingOf: (address: string) => CapabilityReading | undefined): void {
    const before = this.caches;
    this.caches = new Set(caches);
    for (const address of new Set([...before, ...this.caches])) this.set(address, readingOf(address));
  }

  /**
   * Sets which caches have a controller, and whether they are handed out.
   * @param standings by address; those of {@link setCaches} that are missing here decide for themselves
   */
  setStandings(
    standings: ReadonlyMap<string, CacheStanding>,
    readingOf: (address: string) => CapabilityReading | undefined,
  ): void {
    const before = this.standings;
    this.standings = standings;
    for (const address of new Set([...before.keys(), ...standings.keys()])) this.set(address, readingOf(address));
  }

  /** Which addresses have changed since the last call: `CHANGE_WORDS` of `address-levels` each. */
  takeChanges(): Int32Array {
    const changes = Int32Array.from(this.changes);
    this.changes = [];
    return changes;
  }

  private valueOf(address: string, reading: CapabilityReading | undefined): number {
    const isCache = this.caches.has(address);
    const standing = this.standings.get(address);
    const cacheBits =
      REPORTED_CACHE | (standing === undefined ? 0 : REPORTED_MANAGED) | (standing === 'out' ? REPORTED_OUT : 0);
    if (reading === undefined) return isCache ? (CAPABILITY_LEVELS - 1) | cacheBits : NOT_REPORTED;
    return capabilityLevel(reading) | (isCache || reading.role === 'cache' ? cacheBits : 0);
  }
}

/** A table of readings that will not change. @param caches see {@link CapabilityTable.setCaches} */
export function compileCapability(
  readings: ReadonlyMap<string, CapabilityReading>,
  caches: Iterable<string>,
  version: number,
): ReportedCapability {
  const table = new CapabilityTable(version, readings.size);
  table.setCaches(caches, (address) => readings.get(address));
  for (const [address, reading] of readings) table.set(address, reading);
  return table.current;
}
