/** The AS that announces each address, and the names of AS: the result of every loader of address data. */
import { AddressRangesBuilder } from './address-ranges.js';
import { type AddressSegments, flatten } from './address-segments.js';

export interface AsnDatabase {
  readonly ipv4: AddressSegments;
  readonly ipv6: AddressSegments;
  /** Number of ranges or prefixes in the file. */
  readonly ipv4Count: number;
  readonly ipv6Count: number;
  /** Names of AS, if the format has them. */
  readonly organisations: ReadonlyMap<number, string>;
}

/** Collects the ranges that a loader reads. */
export class AsnDatabaseBuilder {
  readonly ipv4 = new AddressRangesBuilder(4, 65_536);
  readonly ipv6 = new AddressRangesBuilder(6, 65_536);
  readonly organisations = new Map<number, string>();

  build(): AsnDatabase {
    return {
      ipv4: flatten(this.ipv4.build()),
      ipv6: flatten(this.ipv6.build()),
      ipv4Count: this.ipv4.count,
      ipv6Count: this.ipv6.count,
      organisations: this.organisations,
    };
  }
}
