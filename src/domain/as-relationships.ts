/** Who sells transit to whom, and who exchanges traffic as peers: the business between autonomous systems. */

/** How an AS stands to the operator: `provider` sells it transit, `customer` buys transit from it. */
export type AsRelationship = 'customer' | 'peer' | 'provider' | 'unknown';

export interface AsRelationships {
  /** Those who buy transit from `asn`. */
  customersOf(asn: number): readonly number[];
  peersOf(asn: number): readonly number[];
  providersOf(asn: number): readonly number[];
}
