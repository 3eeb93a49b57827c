/**
 * What bytes exchanged with other networks cost, as the operator states it (draft section 4.3.3: "inter-working billing
 * rate"). Plain values; `billing-rates` derives the rate of every AS from them, `billing-schedule` the period in force.
 */

export interface BillingPolicy {
  /** For people only; nothing is converted. */
  readonly currency: string;
  /** Of every AS without a more specific rate. */
  readonly defaultRatePerGigabyte: number;
  /**
   * Per gigabyte, of AS that are related to the operator but not in `neighbours`. Where absent: customers and peers 0
   * (settlement-free), providers the default rate.
   */
  readonly relationshipRates?: {
    readonly customer?: number | undefined;
    readonly peer?: number | undefined;
    readonly provider?: number | undefined;
  };
  readonly neighbours: readonly BillingNeighbour[];
  /** If periods overlap, the first in the list is in force. */
  readonly schedule: readonly BillingPeriod[];
  /** How long the limits of foreign peers take to change at a border between periods; see `border-limits`. Default 0: they jump. */
  readonly rampForMs?: number | undefined;
  readonly overrides: readonly PairOverride[];
}

export interface BillingNeighbour {
  readonly name: string;
  readonly asns: readonly number[];
  readonly ratePerGigabyte: number;
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** A part of the day in the local time of `timeZone`; where it ends before it begins, it ends on the next day. */
export interface TimePeriod {
  /** Since local midnight, 0 … 1440; the end is exclusive. Both equal (modulo a day): the whole day. */
  readonly fromMinutes: number;
  readonly toMinutes: number;
  /** An IANA name (`Europe/Berlin`). */
  readonly timeZone: string;
  /** The days on which it begins; every day where absent. */
  readonly days?: readonly Weekday[] | undefined;
}

export interface BillingPeriod extends TimePeriod {
  readonly name: string;
  /** Multiplies the rates. Default 1. */
  readonly rateFactor?: number | undefined;
  /** The names of the neighbours whose rates are multiplied; all rates where absent. */
  readonly neighbours?: readonly string[] | undefined;
  /** These replace those of `selection` during the period. */
  readonly foreignPeersMin?: number | undefined;
  readonly foreignPeersMax?: number | undefined;
  readonly foreignPeersWhenNoInnerSeed?: number | undefined;
  readonly gatewaysMax?: number | undefined;
  /** Replaces that of the schedule. */
  readonly rampForMs?: number | undefined;
}

/**
 * For costs that AS boundaries do not show: if local traffic travels to a distant BRAS and back, a neighbouring sub-domain may
 * cost more than the data centre. In one direction: how `peer` ranks for requests from `requester`.
 */
export interface PairOverride {
  /** The id of a sub-domain, `AS64500`, or `*` for every inner group. */
  readonly requester: string;
  /** The id of a sub-domain, `AS64600`, or the address of one of the operator's caches. */
  readonly peer: string;
  readonly treatAs: 'same-as' | 'same-operator' | 'foreign';
  /** Of a pair that counts as foreign: its rate. Default: the default rate. */
  readonly ratePerGigabyte?: number | undefined;
}
