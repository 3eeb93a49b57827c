/** Business relationships between autonomous systems: transit and peering. */

/** The relationship of an AS to the operator: `provider` sells it transit, `customer` buys transit from it. */
export type AsRelationship = 'customer' | 'peer' | 'provider' | 'unknown';

export interface AsRelationships {
  /** AS that buy transit from `asn`. */
  customersOf(asn: number): readonly number[];
  peersOf(asn: number): readonly number[];
  providersOf(asn: number): readonly number[];
}
