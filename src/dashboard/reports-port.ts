/** What the control API needs of report intake; `src/app` connects the real one. */
import type { Principal } from './principal.js';

export interface DensityReport {
  readonly probe: string;
  readonly sequence: number;
  readonly periodStartMs: number;
  readonly periodSeconds: number;
  readonly subdomains: readonly { readonly id: string; readonly bytes: number; readonly users?: number | undefined }[];
}

export interface CapabilityReport {
  readonly address: string;
  readonly port?: number | undefined;
  readonly cpuUtilisation?: number | undefined;
  readonly memoryUtilisation?: number | undefined;
  readonly availableUplinkBps?: number | undefined;
  readonly role?: 'cache' | 'peer' | undefined;
}

/** Nothing was changed. `index` counts from 0 in a batch. */
export interface Refusal {
  readonly kind: 'forbidden' | 'refused';
  readonly index: number;
  readonly field: string;
  readonly reason: string;
}

export interface DensityReceipt {
  readonly accepted: number;
  readonly duplicate: boolean;
  readonly quarantined: readonly { readonly subdomain: string; readonly reason: string }[];
}

export interface DensityView {
  readonly bytesPerUserPerSecond: number | null;
  readonly bytesPerSecond: number;
  readonly users: number | null;
  readonly usersFrom: 'probe' | 'bras' | null;
  readonly ageSeconds: number;
  readonly freshness: number;
  readonly periodSeconds: number;
}

export interface CapabilityView {
  readonly address: string;
  readonly port: number | undefined;
  readonly cpuUtilisation: number | undefined;
  readonly memoryUtilisation: number | undefined;
  readonly availableUplinkBps: number | undefined;
  readonly role: 'cache' | 'peer';
  readonly ageSeconds: number;
  readonly freshness: number;
}

export interface ProbeView {
  readonly probe: string;
  readonly subdomains: readonly string[];
  readonly lastReceivedMs: number | null;
  readonly highestSequence: number | null;
  readonly clockSkewMs: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly quarantined: number;
  /** One of a kind; `subdomains` that it is about, none where it is about the probe. */
  readonly alarms: readonly {
    readonly kind: string;
    readonly detail: string;
    readonly subdomains: readonly string[];
  }[];
}

export interface DensityHistoryRow {
  readonly subdomain: string;
  readonly startMs: number;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly users: number | null;
  readonly bytesPerUserPerSecond: number | null;
}

/** `submit…` resolve when what they took is durable, and throw an error with `retryAfterSeconds` when too much waits. */
export interface ReportsPort {
  submitDensity(principal: Principal, reports: readonly DensityReport[]): Promise<DensityReceipt[] | Refusal>;
  submitUsers(
    principal: Principal,
    counts: readonly { readonly id: string; readonly users: number }[],
  ): Promise<number | Refusal>;
  submitCapability(
    principal: Principal | undefined,
    callerAddress: string,
    reports: readonly CapabilityReport[],
  ): Promise<{ address: string; clamped: readonly string[] }[] | Refusal>;
  releaseProbe(name: string): Promise<boolean>;
  densities(nowMs: number): ReadonlyMap<string, DensityView>;
  capabilityReadings(nowMs: number): ReadonlyMap<string, CapabilityView>;
  probes(nowMs: number): readonly ProbeView[];
  densityHistory(query: {
    readonly sinceMs: number;
    readonly subdomain?: string | undefined;
    readonly rowsMax: number;
  }): readonly DensityHistoryRow[];
}
