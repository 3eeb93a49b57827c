/**
 * A zone with its last versions: what AXFR transfers whole and IXFR (RFC 1995) as differences. Each change gets a later
 * serial. Nothing here reads the clock or writes a file.
 */
import { CLASS_IN, TYPE_SOA } from '../wire/dns-codes.js';
import type { DnsRecord } from '../wire/dns-message.js';
import { type DomainName, nameFromText } from '../wire/domain-name.js';
import { soaData } from '../wire/rdata-values.js';
import { PRIMARY_NAME, recordKey } from './compile-zones.js';
import {
  MAX_DIFFERENCE_RECORDS,
  MAX_DIFFERENCES,
  MIN_WHOLE_RECORDS,
  REFRESH_SECONDS,
  RETRY_SECONDS,
} from './limits.js';
import { nextSerial, type SerialParity } from './serial.js';

const MAILBOX = nameFromText('hostmaster.alias-tracker.invalid');

export interface ZoneVersion {
  readonly serial: number;
  readonly soa: DnsRecord;
  /** Without the SOA. */
  readonly records: readonly DnsRecord[];
}

/** What changed from one version to the next. */
export interface ZoneDifference {
  readonly from: { readonly serial: number; readonly soa: DnsRecord };
  readonly to: { readonly serial: number; readonly soa: DnsRecord };
  readonly removed: readonly DnsRecord[];
  readonly added: readonly DnsRecord[];
}

export interface StoredHistory {
  readonly current: ZoneVersion;
  /** Oldest first; each begins where the one before ends. */
  readonly differences: readonly ZoneDifference[];
}

/** Seconds of the SOA that the operator sets. */
export interface SoaTimes {
  readonly expire: number;
  /** Of negative answers, and of the SOA itself. */
  readonly ttl: number;
}

export class ZoneHistory {
  readonly zone: DomainName;
  #current: ZoneVersion | undefined;
  #differences: ZoneDifference[];

  constructor(zone: DomainName, stored: StoredHistory | undefined) {
    this.zone = zone;
    this.#current = stored?.current;
    this.#differences = [...(stored?.differences ?? [])];
  }

  /** @throws Error before the first `publish` */
  get current(): ZoneVersion {
    if (this.#current === undefined) throw new Error('the zone has no version yet');
    return this.#current;
  }

  get hasVersion(): boolean {
    return this.#current !== undefined;
  }

  get differences(): readonly ZoneDifference[] {
    return this.#differences;
  }

  /** Makes these records the current version. @returns false if they are already */
  publish(records: readonly DnsRecord[], times: SoaTimes, nowSeconds: number, parity: SerialParity): boolean {
    const before = this.#current;
    const serial = nextSerial(before?.serial, nowSeconds, parity);
    const soa = this.#soa(serial, times);
    if (before === undefined) {
      this.#current = { serial, soa, records };
      return true;
    }
    const removed = difference(before.records, records);
    const added = difference(records, before.records);
    const sameTimes = recordKey(this.#soa(before.serial, times)) === recordKey(before.soa);
    if (removed.length === 0 && added.length === 0 && sameTimes) return false;
    this.#current = { serial, soa, records };
    this.#differences.push({ from: before, to: this.#current, removed, added });
    this.#forgetOldest();
    return true;
  }

  /**
   * @returns the differences that lead from that version to the current one; undefined if they are not known, or are more
   *   than the zone itself
   */
  since(serial: number): readonly ZoneDifference[] | undefined {
    const first = this.#differences.findIndex(({ from }) => from.serial === serial);
    if (first < 0) return undefined;
    const differences = this.#differences.slice(first);
    return sizeOf(differences) > Math.max(MIN_WHOLE_RECORDS, this.current.records.length) ? undefined : differences;
  }

  #forgetOldest(): void {
    while (this.#differences.length > MAX_DIFFERENCES || sizeOf(this.#differences) > MAX_DIFFERENCE_RECORDS) {
      this.#differences.shift();
    }
  }

  #soa(serial: number, { expire, ttl }: SoaTimes): DnsRecord {
    const times = { refresh: REFRESH_SECONDS, retry: RETRY_SECONDS, expire, minimum: ttl };
    const data = soaData({ primary: PRIMARY_NAME, mailbox: MAILBOX, serial, ...times });
    return { name: this.zone, type: TYPE_SOA, class: CLASS_IN, ttl, data };
  }
}

function sizeOf(differences: readonly ZoneDifference[]): number {
  return differences.reduce((sum, { removed, added }) => sum + removed.length + added.length, 0);
}

/** Those of `records` that `others` lacks. */
function difference(records: readonly DnsRecord[], others: readonly DnsRecord[]): DnsRecord[] {
  const known = new Set(others.map(recordKey));
  return records.filter((record) => !known.has(recordKey(record)));
}
