/**
 * What bytes exchanged with other networks cost, as the operator states it (draft section 4.3.3: "inter-working billing
 * rate"). Plain values; `billing-rates` derives the rate of every AS from them, `billing-schedule` what holds when.
 */

export interface BillingPolicy {
  /** For people only; nothing is converted. */
  readonly currency: string;
  /** Of every AS about which nothing better is known. */
  readonly defaultRatePerGigabyte: number;
  /**
   * Of AS that are related to the operator but not in `neighbours`. Where absent: customers and peers 0 (settlement-free),
   * providers the default rate.
   */
  readonly relationshipRatesPerGigabyte?: {
    readonly customer?: number | undefined;
    readonly peer?: number | undefined;
    readonly provider?: number | undefined;
  };
  readonly neighbours: readonly BillingNeighbour[];
  /** Of periods that overlap the one listed first is in force. */
  readonly schedule: readonly BillingPeriod[];
  readonly overrides: readonly PairOverride[];
}

export interface BillingNeighbour {
  readonly name: string;
  readonly asns: readonly number[];
  readonly ratePerGigabyte: number;
}

/** A part of the day, in the local time of `timeZone`; `to` is exclusive, and before `from` it is on the next day. */
export interface BillingPeriod {
  readonly name: string;
  /** `HH:MM`, 00:00 to 24:00. Equal to `to`: the whole day. */
  readonly from: string;
  readonly to: string;
  /** An IANA name (`Europe/Berlin`). */
  readonly timeZone: string;
  /** Multiplies the rates. Default 1. */
  readonly rateFactor?: number | undefined;
  /** The names of the neighbours whose rates are multiplied; all rates where absent. */
  readonly neighbours?: readonly string[] | undefined;
  /** Takes the place of `selection.foreignPeersMax` meanwhile. */
  readonly foreignPeersMax?: number | undefined;
}

/**
 * What the AS boundaries do not show: where local traffic is hauled to a distant BRAS and back, the neighbour next door
 * may be dearer than the data centre. Either a tier or a rate says how the pair counts.
 */
export interface PairOverride {
  /** The requester's side: the id of a sub-domain, `AS64500`, or `*` for every inner group. */
  readonly from: string;
  /** The peer's side: the id of a sub-domain, `AS64600`, or the address of one of the operator's caches. */
  readonly to: string;
  readonly tier?: 'same-as' | 'same-operator' | undefined;
  /** Ranks the pair among the foreign ones at this rate. */
  readonly ratePerGigabyte?: number | undefined;
  /** The pair counts the same when the sides are exchanged, unless true. */
  readonly oneWay?: boolean | undefined;
}
