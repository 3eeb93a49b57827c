/** Which AS announces which addresses, and who those AS are: what every loader of that kind of file returns. */
import { AddressRangesBuilder } from './address-ranges.js';
import { type AddressSegments, flatten } from './address-segments.js';

export interface AsnDatabase {
  readonly ipv4: AddressSegments;
  readonly ipv6: AddressSegments;
  /** How many ranges or prefixes the file listed. */
  readonly ipv4Count: number;
  readonly ipv6Count: number;
  /** Names of AS, where the format has them. */
  readonly organisations: ReadonlyMap<number, string>;
}

/** Collects what a loader reads. */
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
