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
  /** Whether {@link recentRates} are per user. */
  readonly ratesPerUser: boolean;
  /** Newest last, bytes per (user and) second: what the next value is judged by. */
  readonly recentRates: readonly number[];
  /**
   * What is usual over a day, in the unit of {@link recentRates}: a mean (of logarithms) that follows by time, not by the
   * number of reports. Absent in what the first release stored.
   */
  readonly usualRate?: number;
  /** The newest value that was not believed, until a later one is. */
  readonly quarantined: QuarantinedValue | null;
}

export interface QuarantinedValue {
  readonly reason: string;
  readonly bytes: number;
  readonly users: number | null;
  readonly receivedMs: number;
  /** How many values in a row were not believed. */
  readonly inRow: number;
}
