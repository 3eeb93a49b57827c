/**
 * The rate of every foreign AS: from the operator's own table first, then from how the AS is related to the operator, then
 * the default. An AS that is not a neighbour but a (direct or indirect) customer of one is reached through that neighbour and
 * costs what the neighbour costs: routes through customers are preferred to those through peers (the usual BGP policy).
 */
import type { AsRelationship, AsRelationships } from '../domain/as-relationships.js';
import type { BillingPeriod, BillingPolicy } from './billing.js';

export interface ForeignRate {
  readonly ratePerGigabyte: number;
  /** The relationship of the AS, or of the neighbour through which it is reached, to the operator. */
  readonly relationship: AsRelationship;
  /** The name in `billing.neighbours`, of the AS itself or of the neighbour it is reached through. */
  readonly neighbour?: string;
  /** The neighbouring AS through which it is reached, when it is not a neighbour itself. */
  readonly viaAsn?: number;
}

/** Equal rates are ranked in this order. */
export const RELATIONSHIP_ORDER: Readonly<Record<AsRelationship, number>> = {
  customer: 0,
  peer: 1,
  provider: 2,
  unknown: 3,
};

export interface ForeignRates {
  rateOf(asn: number): ForeignRate;
}

/** @param period the one in force, see `billing-schedule` */
export function foreignRates(
  policy: BillingPolicy,
  ownAsns: readonly number[],
  relationships: AsRelationships | undefined,
  period: BillingPeriod | undefined,
): ForeignRates {
  const factorFor = (neighbour: string | undefined): number =>
    period?.rateFactor === undefined ||
    (period.neighbours !== undefined && (neighbour === undefined || !period.neighbours.includes(neighbour)))
      ? 1
      : period.rateFactor;
  const fromRelationship = (relationship: AsRelationship): number => {
    const { customer = 0, peer = 0, provider = policy.defaultRatePerGigabyte } = policy.relationshipRates ?? {};
    return { customer, peer, provider, unknown: policy.defaultRatePerGigabyte }[relationship] * factorFor(undefined);
  };

  const related = relationshipsOf(ownAsns, relationships);
  const rates = new Map<number, ForeignRate>();
  for (const [asn, relationship] of related) {
    rates.set(asn, { ratePerGigabyte: fromRelationship(relationship), relationship });
  }
  for (const { name, asns, ratePerGigabyte } of policy.neighbours) {
    for (const asn of asns) {
      rates.set(asn, {
        ratePerGigabyte: ratePerGigabyte * factorFor(name),
        relationship: related.get(asn) ?? 'unknown',
        neighbour: name,
      });
    }
  }
  if (relationships !== undefined) spreadToCustomers(rates, ownAsns, relationships);

  const fallback: ForeignRate = { ratePerGigabyte: fromRelationship('unknown'), relationship: 'unknown' };
  return { rateOf: (asn) => rates.get(asn) ?? fallback };
}

/** The direct neighbours. If an AS has two relationships, the better one counts. */
function relationshipsOf(
  ownAsns: readonly number[],
  relationships: AsRelationships | undefined,
): Map<number, AsRelationship> {
  const related = new Map<number, AsRelationship>();
  if (relationships === undefined) return related;
  const note = (asns: readonly number[], relationship: AsRelationship): void => {
    for (const asn of asns) if (!ownAsns.includes(asn)) related.set(asn, relationship);
  };
  for (const own of ownAsns) note(relationships.providersOf(own), 'provider');
  for (const own of ownAsns) note(relationships.peersOf(own), 'peer');
  for (const own of ownAsns) note(relationships.customersOf(own), 'customer');
  return related;
}

/** Gives the customers of customers and of peers the rate of the best neighbour above them. */
function spreadToCustomers(
  rates: Map<number, ForeignRate>,
  ownAsns: readonly number[],
  relationships: AsRelationships,
): void {
  // A provider reaches every AS, so its customers say nothing about the path.
  const sources = [...rates].filter(([, rate]) => rate.relationship !== 'provider');
  sources.sort(
    ([, a], [, b]) =>
      RELATIONSHIP_ORDER[a.relationship] - RELATIONSHIP_ORDER[b.relationship] || a.ratePerGigabyte - b.ratePerGigabyte,
  );
  const seen = new Set<number>([...ownAsns, ...rates.keys()]);
  for (const [source, rate] of sources) {
    const queue = [source];
    for (let asn = queue.pop(); asn !== undefined; asn = queue.pop()) {
      for (const customer of relationships.customersOf(asn)) {
        if (seen.has(customer)) continue;
        seen.add(customer);
        rates.set(customer, { ...rate, viaAsn: source });
        queue.push(customer);
      }
    }
  }
}
