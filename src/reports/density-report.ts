/**
 * The report of a detection point on its sub-domains for one period (draft 4.3.1), and the stored state. Density is
 * bytes per user per second, so that periods of any length are comparable.
 */

export interface DensityReport {
  /** The probe's name. */
  readonly probe: string;
  /** Increases with every report of the probe; the same number again is the same report. */
  readonly sequence: number;
  readonly periodStartMs: number;
  readonly periodSeconds: number;
  readonly subdomains: readonly DensitySample[];
}

export interface DensitySample {
  readonly id: string;
  /** Both directions together, over the whole period. */
  readonly bytes: number;
  /** Users on the probe's own link; undefined if it does not know (the BRAS may). */
  readonly users?: number | undefined;
}

/** The newest accepted value of one probe for one sub-domain. Plain JSON, stored as it is. */
export interface ProbeReading {
  readonly bytes: number;
  readonly users: number | null;
  readonly periodSeconds: number;
  /** End of the period on the tracker's clock: corrected by the probe's skew, never later than its arrival. */
  readonly endMs: number;
  /** True if {@link rates} are per user. */
  readonly ratesPerUser: boolean;
  /** The history by which the next value is judged. */
  readonly rates: RateHistory;
  /** The rates without users if the newest has them, or the reverse: switching between the two loses no history. */
  readonly otherRates: RateHistory;
  /** The newest quarantined value, until a later one is accepted. */
  readonly quarantined: QuarantinedValue | null;
}

/** Accepted values, in bytes per (user and) second. */
export interface RateHistory {
  /** Newest last. */
  readonly recent: readonly number[];
  /** The mean of a day (of logarithms); null before the first accepted value. */
  readonly usual: number | null;
  /**
   * The time up to which `usual` has followed, on the tracker's clock: reports of the past cannot move it further than
   * time has advanced.
   */
  readonly usualUntilMs: number;
}

export const NO_RATES: RateHistory = { recent: [], usual: null, usualUntilMs: 0 };

export interface QuarantinedValue {
  readonly reason: string;
  readonly bytes: number;
  readonly users: number | null;
  readonly receivedMs: number;
  /** The number of consecutive quarantined values. */
  readonly inRow: number;
}
