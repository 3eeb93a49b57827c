/**
 * What a detection point says of its sub-domains for one period (draft 4.3.1), and what is remembered of it. Density is
 * bytes per user per second, so that periods of any length compare.
 */

export interface DensityReport {
  /** The probe's name. */
  readonly probe: string;
  /** Rises with every report of the probe; the same number again is the same report. */
  readonly sequence: number;
  readonly periodStartMs: number;
  readonly periodSeconds: number;
  readonly subdomains: readonly DensitySample[];
}

export interface DensitySample {
  readonly id: string;
  /** Both directions together, over the whole period. */
  readonly bytes: number;
  /** Users on the probe's own link; undefined where it does not know (the BRAS may). */
  readonly users?: number | undefined;
}

/** The newest good word of one probe on one sub-domain. Plain JSON: it is stored as it is. */
export interface ProbeReading {
  readonly bytes: number;
  readonly users: number | null;
  readonly periodSeconds: number;
  /** End of the period on the tracker's clock: corrected by the probe's skew, never later than its arrival. */
  readonly endMs: number;
  /** Whether {@link rates} are per user. */
  readonly ratesPerUser: boolean;
  /** What the next value is judged by. */
  readonly rates: RateHistory;
  /** Of the values with users where the newest has none, or the reverse: changing between the two forgets nothing. */
  readonly otherRates: RateHistory;
  /** The newest value that was not believed, until a later one is. */
  readonly quarantined: QuarantinedValue | null;
}

/** Believed values, in bytes per (user and) second. */
export interface RateHistory {
  /** Newest last. */
  readonly recent: readonly number[];
  /** The mean of a day (of logarithms); null where nothing is believed yet. */
  readonly usual: number | null;
  /** Up to when `usual` has followed, on the tracker's clock: reports of the past cannot move it further than time went on. */
  readonly usualUntilMs: number;
}

export const NO_RATES: RateHistory = { recent: [], usual: null, usualUntilMs: 0 };

export interface QuarantinedValue {
  readonly reason: string;
  readonly bytes: number;
  readonly users: number | null;
  readonly receivedMs: number;
  /** How many values in a row were not believed. */
  readonly inRow: number;
}
